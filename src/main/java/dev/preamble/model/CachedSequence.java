package dev.preamble.model;

import dev.preamble.runtime.Binding;
import dev.preamble.runtime.ElementType;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * One sequence on its way through the model: each call puts positions behind those in its cache and
 * gives logits. Used by one thread.
 */
public final class CachedSequence implements AutoCloseable {
  private final Manifest manifest;
  private final EmbeddingTable embeddings;
  private final KeyValueCache cache;
  private final Binding binding;
  private final Tensor lengthMinusOne = Tensor.allocate(ElementType.INT32, 1);
  private final Tensor length = Tensor.allocate(ElementType.INT32);
  private Tensor embeds = Tensor.allocate(ElementType.FLOAT32, 0);
  private Tensor positions = Tensor.allocate(ElementType.INT64, 0);
  private Tensor wanted = Tensor.allocate(ElementType.INT64, 0);
  private Tensor logits = Tensor.allocate(ElementType.FLOAT32, 0);

  CachedSequence(
      Session session, Manifest manifest, EmbeddingTable embeddings, KeyValueCache cache) {
    this.manifest = manifest;
    this.embeddings = embeddings;
    this.cache = cache;
    this.binding = session.bind();
    for (int layer = 0; layer < cache.layers(); layer++) {
      binding.bindInput("past_key_values." + layer + ".key", cache.key(layer));
      binding.bindInput("past_key_values." + layer + ".value", cache.value(layer));
      binding.bindOutput("present." + layer + ".key", cache.key(layer));
      binding.bindOutput("present." + layer + ".value", cache.value(layer));
    }
    binding.bindInput("seqlens_k", lengthMinusOne);
    binding.bindInput("total_sequence_length", length);
  }

  /** Positions in the cache. */
  public int length() {
    return cache.length();
  }

  /**
   * Puts {@code tokens} behind what is there and gives the logits after the last of them.
   *
   * @return float [vocabulary], overwritten by the next call
   */
  public MemorySegment advance(int... tokens) {
    return advanceTokens(tokens, 1);
  }

  /** As {@link #advance} with the logits after each token: float [tokens, vocabulary]. */
  public MemorySegment advanceWithAllLogits(int... tokens) {
    return advanceTokens(tokens, tokens.length);
  }

  /**
   * Puts prompt rows behind what is there and gives the logits after the last of them.
   *
   * @param rows float [count, hidden size], as the adapter holds them
   */
  public MemorySegment advanceRows(float[] rows) {
    int count = rows.length / manifest.hiddenSize();
    shape(count, 1);
    MemorySegment.copy(rows, 0, embeds.data(), ValueLayout.JAVA_FLOAT, 0, rows.length);
    return run(count);
  }

  private MemorySegment advanceTokens(int[] tokens, int logitsWanted) {
    shape(tokens.length, logitsWanted);
    for (int i = 0; i < tokens.length; i++) {
      embeddings.copy(tokens[i], embeds.data(), i);
    }
    return run(tokens.length);
  }

  private MemorySegment run(int count) {
    int total = cache.length() + count;
    if (total > cache.capacity()) {
      throw new IllegalArgumentException(
          "%d positions into a cache of %d with %d filled"
              .formatted(count, cache.capacity(), cache.length()));
    }
    for (int i = 0; i < count; i++) {
      positions.data().setAtIndex(ValueLayout.JAVA_LONG, i, cache.length() + i);
    }
    lengthMinusOne.data().set(ValueLayout.JAVA_INT, 0, total - 1);
    length.data().set(ValueLayout.JAVA_INT, 0, total);
    binding.run();
    cache.advance(count);
    return logits.data();
  }

  /** Binds buffers for {@code count} positions and logits after the last {@code logitsWanted}. */
  private void shape(int count, int logitsWanted) {
    if (count < 1) {
      throw new IllegalArgumentException("a pass needs at least one position");
    }
    long rows = logits.data().byteSize() / 4 / manifest.vocabularySize();
    if (positions.data().byteSize() == 8L * count && rows == logitsWanted) {
      return;
    }
    closeBuffers();
    embeds = Tensor.allocate(ElementType.FLOAT32, 1, count, manifest.hiddenSize());
    positions = Tensor.allocate(ElementType.INT64, 1, count);
    wanted = Tensor.allocate(ElementType.INT64, 1, logitsWanted);
    logits = Tensor.allocate(ElementType.FLOAT32, 1, logitsWanted, manifest.vocabularySize());
    for (int i = 0; i < logitsWanted; i++) {
      wanted.data().setAtIndex(ValueLayout.JAVA_LONG, i, count - logitsWanted + i);
    }
    binding.bindInput("inputs_embeds", embeds);
    binding.bindInput("position_ids", positions);
    binding.bindInput("logit_positions", wanted);
    binding.bindOutput("logits", logits);
  }

  private void closeBuffers() {
    embeds.close();
    positions.close();
    wanted.close();
    logits.close();
  }

  /** Frees the buffers, the cache not among them: it belongs to the caller. */
  @Override
  public void close() {
    binding.close();
    closeBuffers();
    lengthMinusOne.close();
    length.close();
  }
}
