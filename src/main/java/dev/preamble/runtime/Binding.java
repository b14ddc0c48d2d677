package dev.preamble.runtime;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A session with memory named for its inputs and outputs, to be run over and over. Neither running
 * nor binding another tensor to a name bound before makes garbage. One tensor may be bound as an
 * input and as an output where the graph's node works in place. A binding belongs to one thread at
 * a time.
 *
 * <p>An output bound by name alone is computed into fresh memory with each run, for shapes that are
 * not known before; that does make garbage.
 */
public final class Binding implements AutoCloseable {
  private final Session session;
  private final long sessionAddress;
  private final Handle handle;
  private final RunOptions plain = new RunOptions();
  private final Map<String, Slot> inputs;
  private final Map<String, Slot> outputs;
  private final List<Slot> boundInputs = new ArrayList<>();
  private final List<Slot> boundOutputs = new ArrayList<>();
  private final AtomicBoolean busy = new AtomicBoolean();
  private final boolean copies;
  private boolean ran;

  /**
   * A binding with nothing bound.
   *
   * @param copies whether ONNX Runtime copies inputs from ordinary memory to a device
   */
  Binding(Session session, boolean copies) {
    this.session = session;
    this.copies = copies;
    inputs = slots(session.inputPorts());
    outputs = slots(session.outputPorts());
    sessionAddress = session.handle().hold();
    try {
      long address = Ort.make(OrtApi.CREATE_IO_BINDING, sessionAddress);
      handle = new Handle("binding", address, () -> free(address));
    } catch (RuntimeException | Error e) {
      session.handle().release();
      throw e;
    }
  }

  private static Map<String, Slot> slots(Map<String, Port> ports) {
    Map<String, Slot> slots = new HashMap<>();
    ports.forEach((name, port) -> slots.put(name, new Slot(port)));
    return slots;
  }

  /**
   * Has {@code name} read from {@code tensor}, in place of what it was read from. The memory is
   * read when the binding runs, not now: it may be written between runs. To bind again what is
   * bound takes no time.
   */
  public void bindInput(String name, Tensor tensor) {
    Slot slot = inputs.get(name);
    if (slot != null && slot.isBound() && slot.tensor() == tensor) {
      tensor.requireMemory();
      return;
    }
    session.input(name).requireInput(tensor);
    bind(OrtApi.BIND_INPUT, slot, boundInputs, tensor, isCopied(tensor));
  }

  /** Has {@code name} written to {@code tensor}, whose shape must be the one that comes out. */
  public void bindOutput(String name, Tensor tensor) {
    session.output(name).requireOutput(tensor);
    bind(OrtApi.BIND_OUTPUT, outputs.get(name), boundOutputs, tensor, false);
  }

  /** Has {@code name} computed into fresh memory with each run. */
  public void bindOutput(String name) {
    session.output(name);
    long address = enter();
    try {
      Slot slot = outputs.get(name);
      bindFresh(address, slot);
      list(slot, boundOutputs);
      slot.bindFresh();
    } finally {
      leave();
    }
  }

  /** Whether an input is copied when ONNX Runtime binds it: then each run binds it. */
  private boolean isCopied(Tensor input) {
    return copies && !input.isOnDevice();
  }

  private void bind(
      MethodHandle function, Slot slot, List<Slot> bound, Tensor tensor, boolean later) {
    long address = enter();
    try {
      long value = tensor.handle().hold();
      try {
        if (!later) {
          Ort.call(function, address, slot.port().name(), value);
        }
      } catch (RuntimeException | Error e) {
        tensor.handle().release();
        throw e;
      }
      list(slot, bound);
      slot.bind(tensor, value);
    } finally {
      leave();
    }
  }

  private static void bindFresh(long address, Slot slot) {
    long host = Environment.shared().host();
    Ort.call(OrtApi.BIND_OUTPUT_TO_DEVICE, address, slot.port().name(), host);
  }

  private static void list(Slot slot, List<Slot> bound) {
    if (!slot.isBound()) {
      bound.add(slot);
    }
  }

  /** Runs the graph: reads the bound inputs, computes the bound outputs. */
  public void run() {
    run(plain);
  }

  /** Runs the graph, to be stopped by {@code options}. */
  public void run(RunOptions options) {
    long address = enter();
    try {
      long settings = options.handle().hold();
      try {
        prepare(address);
        Ort.call(OrtApi.RUN_WITH_BINDING, sessionAddress, settings, address);
        if (copies) {
          Ort.call(OrtApi.SYNCHRONIZE_BOUND_OUTPUTS, address);
        }
        ran = true;
      } finally {
        options.handle().release();
      }
    } finally {
      leave();
      Reference.reachabilityFence(this);
    }
  }

  /** Looks at all memory that the run will touch, and gives the last run's fresh memory back. */
  private void prepare(long address) {
    ran = false;
    session.requireWeights();
    for (int index = 0; index < boundInputs.size(); index++) {
      Slot slot = boundInputs.get(index);
      slot.tensor().requireMemory();
      if (isCopied(slot.tensor())) {
        Ort.call(OrtApi.BIND_INPUT, address, slot.port().name(), slot.value());
      }
    }
    if (copies) {
      Ort.call(OrtApi.SYNCHRONIZE_BOUND_INPUTS, address);
    }
    for (int index = 0; index < boundOutputs.size(); index++) {
      Slot slot = boundOutputs.get(index);
      if (slot.isFresh()) {
        slot.letGo();
        bindFresh(address, slot);
      } else {
        slot.tensor().requireMemory();
      }
    }
  }

  /**
   * What the last run wrote to {@code name}: the tensor bound to it, or the fresh memory, which is
   * this binding's and ends with the next run.
   */
  public Tensor output(String name) {
    session.output(name);
    long address = enter();
    try {
      Slot slot = outputs.get(name);
      if (!slot.isBound() || !ran) {
        throw new IllegalStateException(
            "output '" + name + "' is not computed: " + (ran ? "it is not bound" : "run first"));
      }
      if (!slot.isFilled()) {
        fill(address);
      }
      return slot.tensor();
    } finally {
      leave();
    }
  }

  /** Gives each fresh output what the run made. ONNX Runtime lists outputs as first bound. */
  private void fill(long address) {
    long allocator = Environment.shared().allocator();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment result = arena.allocate(JAVA_LONG, 2);
      Ort.call(
          OrtApi.GET_BOUND_OUTPUT_VALUES,
          address,
          allocator,
          result.address(),
          result.address() + JAVA_LONG.byteSize());
      long array = result.getAtIndex(JAVA_LONG, 0);
      long count = result.getAtIndex(JAVA_LONG, 1);
      MemorySegment values = Foreign.memory(array, count * 8);
      for (int index = 0; index < count; index++) {
        long value = values.getAtIndex(JAVA_LONG, index);
        Slot slot = boundOutputs.get(index);
        if (slot.isFilled()) {
          Ort.release(OrtApi.RELEASE_VALUE, value);
        } else {
          slot.fill(Tensor.made(value));
        }
      }
      Ort.call(OrtApi.ALLOCATOR_FREE, allocator, array);
    }
  }

  /** Unbinds everything. */
  public void clear() {
    long address = enter();
    try {
      Ort.release(OrtApi.CLEAR_BOUND_INPUTS, address);
      Ort.release(OrtApi.CLEAR_BOUND_OUTPUTS, address);
      forget();
    } finally {
      leave();
    }
  }

  /** Lets go of the tensors and the session; a run on another thread finishes first. */
  @Override
  public void close() {
    handle.close();
  }

  private long enter() {
    long address = handle.hold();
    if (!busy.compareAndSet(false, true)) {
      handle.release();
      throw new IllegalStateException("the binding is in use by another thread");
    }
    return address;
  }

  private void leave() {
    busy.set(false);
    handle.release();
  }

  private void forget() {
    boundInputs.forEach(Slot::clear);
    boundOutputs.forEach(Slot::clear);
    boundInputs.clear();
    boundOutputs.clear();
    ran = false;
  }

  private void free(long address) {
    Ort.release(OrtApi.RELEASE_IO_BINDING, address);
    forget();
    plain.close();
    session.handle().release();
  }
}
