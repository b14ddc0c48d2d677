package dev.preamble.runtime;

import java.util.List;

/** The devices that tests run on: the CPU, and a GPU where there is one. */
public final class Devices {
  private static final List<Device> ALL = find();

  private Devices() {}

  /** Every device that there is here; what is missing was said on the error stream. */
  public static List<Device> all() {
    return ALL;
  }

  private static List<Device> find() {
    Device cuda = Device.cuda(0);
    SessionOptions options = SessionOptions.defaults().withThreads(1).withDevice(cuda);
    try {
      Session.open(TinyGraphs.chain(2), options).close();
      return List.of(Device.CPU, cuda);
    } catch (OrtException none) {
      System.err.println("[device] SKIPPED, tests did not run on CUDA: " + none.getMessage());
      return List.of(Device.CPU);
    }
  }
}
