package dev.preamble.runtime;

import com.sun.management.ThreadMXBean;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.Manifest;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A decode step of a model, over and over at one position: through a {@link Binding}, and through
 * {@link BareBinding}, the least that ONNX Runtime can be called with. Both write the same few
 * inputs and run on the same memory.
 */
public final class DecodeStep implements AutoCloseable {
  private static final int POSITION = 64;
  private static final int CAPACITY = 128;

  private final FrozenModel model;
  private final Session session;
  private final Map<String, Tensor> inputs = new LinkedHashMap<>();
  private final Map<String, Tensor> outputs = new LinkedHashMap<>();
  private final Binding binding;
  private final BareBinding bare;
  private final MemorySegment position;
  private final MemorySegment lengthMinusOne;
  private final MemorySegment length;

  /**
   * Seconds a step, and garbage.
   *
   * @param bare the fastest round's mean, in seconds
   * @param binding the same through the binding
   * @param garbage bytes that a round through the binding left, the least of all rounds
   */
  public record Times(double bare, double binding, long garbage) {
    /** The binding's time over the bare one. */
    public double ratio() {
      return binding / bare;
    }
  }

  /** A step of the model in {@code folder}. */
  public DecodeStep(Path folder, int threads) {
    model = FrozenModel.open(folder);
    session = model.session(model.graph(), SessionOptions.defaults().withThreads(threads));
    Manifest manifest = model.manifest();
    inputs.put(
        "inputs_embeds", Tensor.floats(model.embeddings().rows(5), 1, 1, manifest.hiddenSize()));
    inputs.put("position_ids", Tensor.longs(new long[1], 1, 1));
    inputs.put("logit_positions", Tensor.longs(new long[1], 1, 1));
    inputs.put("seqlens_k", Tensor.ints(new int[1], 1));
    inputs.put("total_sequence_length", Tensor.ints(new int[1]));
    outputs.put("logits", Tensor.allocate(ElementType.FLOAT32, 1, 1, manifest.vocabularySize()));
    for (int layer = 0; layer < manifest.layers(); layer++) {
      for (String part : List.of(".key", ".value")) {
        Manifest.KeyValue shape = manifest.keyValue().get(layer);
        Tensor cache =
            Tensor.allocate(ElementType.FLOAT32, 1, shape.heads(), CAPACITY, shape.headSize());
        inputs.put("past_key_values." + layer + part, cache);
        outputs.put("present." + layer + part, cache);
      }
    }
    binding = session.bind();
    inputs.forEach(binding::bindInput);
    outputs.forEach(binding::bindOutput);
    bare = new BareBinding(session, inputs, outputs);
    position = inputs.get("position_ids").data();
    lengthMinusOne = inputs.get("seqlens_k").data();
    length = inputs.get("total_sequence_length").data();
  }

  /** Runs both ways in turns. */
  public Times measure(int rounds, int steps) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    double bareBest = Double.POSITIVE_INFINITY;
    double bindingBest = Double.POSITIVE_INFINITY;
    long garbage = Long.MAX_VALUE;
    for (int round = 0; round < rounds; round++) {
      long began = System.nanoTime();
      bareSteps(steps);
      bareBest = Math.min(bareBest, (System.nanoTime() - began) / 1e9 / steps);
      long before = threads.getCurrentThreadAllocatedBytes();
      began = System.nanoTime();
      bindingSteps(steps);
      bindingBest = Math.min(bindingBest, (System.nanoTime() - began) / 1e9 / steps);
      garbage = Math.min(garbage, threads.getCurrentThreadAllocatedBytes() - before);
    }
    return new Times(bareBest, bindingBest, garbage);
  }

  /** The logits of a step through the binding and of a bare one. */
  public List<float[]> logits() {
    List<float[]> both = new ArrayList<>();
    bareSteps(1);
    both.add(outputs.get("logits").toFloats());
    outputs.get("logits").data().fill((byte) 0);
    bindingSteps(1);
    both.add(outputs.get("logits").toFloats());
    return both;
  }

  private void bareSteps(int steps) {
    for (int step = 0; step < steps; step++) {
      write();
      bare.run();
    }
  }

  private void bindingSteps(int steps) {
    for (int step = 0; step < steps; step++) {
      write();
      binding.run();
    }
  }

  private void write() {
    position.set(ValueLayout.JAVA_LONG, 0, POSITION);
    lengthMinusOne.set(ValueLayout.JAVA_INT, 0, POSITION);
    length.set(ValueLayout.JAVA_INT, 0, POSITION + 1);
  }

  @Override
  public void close() {
    bare.close();
    binding.close();
    inputs.values().forEach(Tensor::close);
    outputs.values().forEach(Tensor::close);
    session.close();
    model.close();
  }
}
