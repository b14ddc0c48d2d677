package dev.preamble.runtime;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A graph, ready to run. Any number of threads may run it at once. */
public final class Session implements AutoCloseable {
  private final Handle handle;
  private final List<Tensor> weights;
  private final Map<String, Port> inputs;
  private final Map<String, Port> outputs;
  private final Device device;
  private Optional<DeviceMemory> memory = Optional.empty();

  private Session(
      Device device,
      Handle handle,
      List<Tensor> weights,
      Map<String, Port> inputs,
      Map<String, Port> outputs) {
    this.device = device;
    this.handle = handle;
    this.weights = weights;
    this.inputs = inputs;
    this.outputs = outputs;
  }

  /** Opens a graph that holds its weights itself. */
  public static Session open(byte[] model, SessionOptions options) {
    return open(model, options, Map.of());
  }

  /**
   * Opens a graph.
   *
   * @param model the bytes of an ONNX file
   * @param weights values for initializers that the graph declares as external data, by name: they
   *     are used where they are, and the files that the graph names for them are not looked for.
   *     The session holds them until it is closed. ONNX Runtime copies them once while it opens the
   *     graph and drops the copies then, which takes about a second a GiB; files that can be named
   *     ({@link SessionOptions#withWeightFolder}) are mapped at once
   * @throws OrtException if ONNX Runtime does not take the graph
   */
  public static Session open(byte[] model, SessionOptions options, Map<String, Tensor> weights) {
    Environment environment = Environment.shared();
    List<Tensor> held = new ArrayList<>(weights.size());
    Arena names = Arena.ofShared();
    try {
      for (Tensor weight : weights.values()) {
        weight.requireMemory();
        weight.handle().hold();
        held.add(weight);
      }
      long address = create(environment, model, options, weights);
      Handle handle =
          new Handle(
              "session",
              address,
              () -> {
                Ort.release(OrtApi.RELEASE_SESSION, address);
                held.forEach(weight -> weight.handle().release());
                names.close();
              });
      try {
        return new Session(
            options.device(),
            handle,
            held,
            Port.all(TypeInfos.inputs(address), names),
            Port.all(TypeInfos.outputs(address), names));
      } catch (RuntimeException | Error e) {
        handle.close();
        throw e;
      }
    } catch (RuntimeException | Error e) {
      if (names.scope().isAlive()) {
        held.forEach(weight -> weight.handle().release());
        names.close();
      }
      throw e;
    }
  }

  private static long create(
      Environment environment, byte[] model, SessionOptions options, Map<String, Tensor> weights) {
    long settings = NativeOptions.create(options, weights);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocateFrom(JAVA_BYTE, model);
      MemorySegment result = arena.allocate(JAVA_LONG);
      Ort.call(
          OrtApi.CREATE_SESSION_FROM_ARRAY,
          environment.address(),
          bytes.address(),
          model.length,
          settings,
          result.address());
      return result.get(JAVA_LONG, 0);
    } catch (OrtException e) {
      throw options.device().isCpu() || !e.getMessage().contains("CUDA")
          ? e.in("the graph cannot be opened")
          : CudaProvider.explained(e, options.device());
    } finally {
      Ort.release(OrtApi.RELEASE_SESSION_OPTIONS, settings);
      if (!weights.isEmpty()) {
        NativeHeap.trim();
      }
    }
  }

  /** The graph's inputs, in its order. */
  public List<TensorInfo> inputs() {
    return inputs.values().stream().map(Port::info).toList();
  }

  /** The graph's outputs, in its order. */
  public List<TensorInfo> outputs() {
    return outputs.values().stream().map(Port::info).toList();
  }

  /** What the session computes on. */
  public Device device() {
    return device;
  }

  /**
   * A tensor in the memory of the session's device, all zero: what is bound from there is not
   * copied to the device with each run.
   */
  public Tensor allocate(ElementType type, long... shape) {
    return device.isCpu() ? Tensor.allocate(type, shape) : Tensor.allocate(memory(), type, shape);
  }

  private synchronized DeviceMemory memory() {
    handle.requireOpen();
    if (memory.isEmpty()) {
      memory = Optional.of(new DeviceMemory(this, device));
    }
    return memory.get();
  }

  /** A binding of this session with nothing bound. */
  public Binding bind() {
    return new Binding(this, !device.isCpu());
  }

  /** Runs the graph for all its outputs, which the caller closes. */
  public Map<String, Tensor> run(Map<String, Tensor> values) {
    try (RunOptions options = new RunOptions()) {
      return run(values, outputs.keySet(), options);
    }
  }

  /**
   * Runs the graph.
   *
   * @param values a tensor for each input, by name
   * @param wanted the names of the outputs to compute
   * @return each wanted output in fresh memory of its own, which the caller closes
   */
  public Map<String, Tensor> run(
      Map<String, Tensor> values, Collection<String> wanted, RunOptions options) {
    List<Port> ports = wanted.stream().distinct().map(this::output).toList();
    List<Handle> held = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      long session = hold(handle, held);
      long settings = hold(options.handle(), held);
      requireWeights();
      MemorySegment inputNames = arena.allocate(JAVA_LONG, Math.max(1, values.size()));
      MemorySegment inputValues = arena.allocate(JAVA_LONG, Math.max(1, values.size()));
      int count = 0;
      for (Map.Entry<String, Tensor> entry : values.entrySet()) {
        Port port = input(entry.getKey());
        port.requireInput(entry.getValue());
        inputNames.setAtIndex(JAVA_LONG, count, port.name());
        inputValues.setAtIndex(JAVA_LONG, count, hold(entry.getValue().handle(), held));
        count++;
      }
      MemorySegment outputNames = arena.allocate(JAVA_LONG, Math.max(1, ports.size()));
      MemorySegment outputValues = arena.allocate(JAVA_LONG, Math.max(1, ports.size()));
      for (int index = 0; index < ports.size(); index++) {
        outputNames.setAtIndex(JAVA_LONG, index, ports.get(index).name());
      }
      Ort.call(
          OrtApi.RUN,
          session,
          settings,
          inputNames.address(),
          inputValues.address(),
          count,
          outputNames.address(),
          ports.size(),
          outputValues.address());
      Map<String, Tensor> results = new LinkedHashMap<>();
      for (int index = 0; index < ports.size(); index++) {
        Tensor result = Tensor.made(outputValues.getAtIndex(JAVA_LONG, index));
        results.put(ports.get(index).info().name(), result);
      }
      return results;
    } finally {
      held.forEach(Handle::release);
      Reference.reachabilityFence(values);
      Reference.reachabilityFence(this);
    }
  }

  private static long hold(Handle handle, List<Handle> held) {
    long address = handle.hold();
    held.add(handle);
    return address;
  }

  /** Closes the session; what runs now may finish, and what is bound to it may be closed later. */
  @Override
  public synchronized void close() {
    handle.close();
    memory.ifPresent(DeviceMemory::close);
  }

  Handle handle() {
    return handle;
  }

  Map<String, Port> inputPorts() {
    return inputs;
  }

  Map<String, Port> outputPorts() {
    return outputs;
  }

  Port input(String name) {
    return Port.named(name, inputs, "input");
  }

  Port output(String name) {
    return Port.named(name, outputs, "output");
  }

  /** Refuses a run over weights whose memory was closed. */
  void requireWeights() {
    for (int index = 0; index < weights.size(); index++) {
      weights.get(index).requireMemory();
    }
  }
}
