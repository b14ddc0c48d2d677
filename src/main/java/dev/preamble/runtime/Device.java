package dev.preamble.runtime;

import dev.preamble.PreambleException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a session computes on.
 *
 * @param kind this machine's processor or an NVIDIA GPU
 * @param number which of several GPUs, counted from 0; 0 for the processor
 */
public record Device(Kind kind, int number) {
  /** The kinds of devices. */
  public enum Kind {
    CPU,
    CUDA
  }

  /** This machine's processor. */
  public static final Device CPU = new Device(Kind.CPU, 0);

  private static final Pattern CUDA = Pattern.compile("cuda(?::(\\d{1,4}))?");

  /** Refuses numbers that no device has. */
  public Device {
    if (number < 0 || kind == Kind.CPU && number != 0) {
      throw new IllegalArgumentException("there is no device " + kind + " " + number);
    }
  }

  /** The NVIDIA GPU with this number. */
  public static Device cuda(int number) {
    return new Device(Kind.CUDA, number);
  }

  /**
   * The device that {@code text} names: {@code cpu}, {@code cuda} for the first GPU, {@code cuda:N}
   * for another.
   *
   * @throws PreambleException if it names none
   */
  public static Device parse(String text) {
    if (text.equals("cpu")) {
      return CPU;
    }
    Matcher cuda = CUDA.matcher(text);
    if (!cuda.matches()) {
      throw new PreambleException(
          "device: expected cpu, cuda, or cuda:N for the GPU with number N, found \"%s\""
              .formatted(text));
    }
    return cuda(cuda.group(1) == null ? 0 : Integer.parseInt(cuda.group(1)));
  }

  /** Whether it is this machine's processor. */
  public boolean isCpu() {
    return kind == Kind.CPU;
  }

  /** As {@link #parse} reads it. */
  @Override
  public String toString() {
    return isCpu() ? "cpu" : "cuda:" + number;
  }
}
