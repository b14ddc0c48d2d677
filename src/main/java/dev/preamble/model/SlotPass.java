package dev.preamble.model;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.preamble.onnx.BlockMaxima;
import dev.preamble.runtime.Binding;
import dev.preamble.runtime.ElementType;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The model bound to some consecutive slots of a cache. Each run puts positions behind what each of
 * these slots holds, the same number for each, and gives logits. Several rows take one position
 * each: attention over a past takes more for one row only. A run of the shape of the one before
 * binds nothing anew. Used by one thread.
 */
public final class SlotPass implements AutoCloseable {
  private final Manifest manifest;
  private final EmbeddingTable embeddings;
  private final SlotCache cache;
  private final int rows;
  private final Binding binding;
  private final int blocks;
  private final Map<Integer, List<SlotCache.Pair>> views = new HashMap<>();
  private final Tensor lastPlaces;
  private final Tensor longest = Tensor.allocate(ElementType.INT32);
  private Tensor embeds = Tensor.allocate(ElementType.FLOAT32, 0);
  private Tensor positions = Tensor.allocate(ElementType.INT64, 0);
  private Tensor wanted = Tensor.allocate(ElementType.INT64, 0);
  private Tensor values = Tensor.allocate(ElementType.FLOAT32, 0);
  private Tensor maxima = Tensor.allocate(ElementType.FLOAT32, 0);
  private Tensor sums = Tensor.allocate(ElementType.FLOAT32, 0);
  private Logits logits;
  private int first = -1;
  private int count;
  private int logitsWanted = -1;

  SlotPass(
      Session session, Manifest manifest, EmbeddingTable embeddings, SlotCache cache, int rows) {
    this.manifest = manifest;
    this.embeddings = embeddings;
    this.cache = cache;
    this.rows = rows;
    this.binding = session.bind();
    this.blocks = blocks(session);
    this.logits = Logits.of(values.data(), manifest.vocabularySize());
    this.lastPlaces = Tensor.allocate(ElementType.INT32, rows);
    binding.bindInput("seqlens_k", lastPlaces);
    binding.bindInput("total_sequence_length", longest);
  }

  /** Blocks whose maxima the session gives; 0 if it gives none. */
  private static int blocks(Session session) {
    return session.outputs().stream()
        .filter(output -> output.name().equals(BlockMaxima.MAXIMA))
        .mapToInt(output -> Math.toIntExact(output.sizes().getLast()))
        .findFirst()
        .orElse(0);
  }

  /**
   * Puts one token behind what each slot from the first on holds.
   *
   * @param tokens one for each row
   * @return the logits of each row
   */
  public Logits step(int[] tokens) {
    shape(0, 1, 1);
    for (int row = 0; row < rows; row++) {
      embeddings.copy(tokens[row], embeds.data(), row);
    }
    return run();
  }

  /**
   * Puts tokens behind what one slot holds.
   *
   * @param from the first of {@code tokens} that is put, and {@code count} how many are
   * @param logits logits wanted, those after the last tokens
   * @return as many rows
   */
  public Logits advance(int slot, int[] tokens, int from, int count, int logits) {
    shape(slot, count, logits);
    embeddings.copy(tokens, from, count, embeds.data(), 0);
    return run();
  }

  /**
   * Puts rows of an adapter behind what one slot holds.
   *
   * @param values float [.., hidden size], as the adapter holds them
   * @param from the first row that is put, and {@code count} how many are
   */
  public void advanceRows(int slot, float[] values, int from, int count) {
    shape(slot, count, 0);
    int width = manifest.hiddenSize();
    MemorySegment.copy(values, from * width, embeds.data(), JAVA_FLOAT, 0, count * width);
    run();
  }

  private Logits run() {
    int most = 0;
    for (int row = 0; row < rows; row++) {
      int length = cache.length(first + row);
      if (length + count > cache.capacity()) {
        throw new IllegalArgumentException(
            "%d positions into slot %d of %s".formatted(count, first + row, cache));
      }
      for (int i = 0; i < count; i++) {
        positions.data().setAtIndex(JAVA_LONG, (long) row * count + i, length + i);
      }
      lastPlaces.data().setAtIndex(JAVA_INT, row, length + count - 1);
      most = Math.max(most, length + count);
      cache.write(first + row);
    }
    longest.data().set(JAVA_INT, 0, most);
    binding.run();
    for (int row = 0; row < rows; row++) {
      cache.advance(first + row, count);
    }
    return logits;
  }

  /** Binds what differs from the last run. */
  private void shape(int slot, int positionsWanted, int logitsWanted) {
    if (positionsWanted < 1 || rows > 1 && positionsWanted > 1) {
      throw new IllegalArgumentException(
          "a pass of %d rows of %d positions".formatted(rows, positionsWanted));
    }
    if (slot != first) {
      bind(views.computeIfAbsent(slot, each -> cache.views(each, rows)));
      first = slot;
    }
    if (count != positionsWanted || this.logitsWanted != logitsWanted) {
      allocate(positionsWanted, logitsWanted);
    }
  }

  private void bind(List<SlotCache.Pair> layers) {
    for (int layer = 0; layer < layers.size(); layer++) {
      SlotCache.Pair pair = layers.get(layer);
      binding.bindInput("past_key_values." + layer + ".key", pair.key());
      binding.bindInput("past_key_values." + layer + ".value", pair.value());
      binding.bindOutput("present." + layer + ".key", pair.key());
      binding.bindOutput("present." + layer + ".value", pair.value());
    }
  }

  private void allocate(int positionsWanted, int logitsWanted) {
    closeBuffers();
    count = positionsWanted;
    this.logitsWanted = logitsWanted;
    embeds = Tensor.allocate(ElementType.FLOAT32, rows, count, manifest.hiddenSize());
    positions = Tensor.allocate(ElementType.INT64, rows, count);
    wanted = Tensor.allocate(ElementType.INT64, rows, logitsWanted);
    values = Tensor.allocate(ElementType.FLOAT32, rows, logitsWanted, manifest.vocabularySize());
    logits = Logits.of(values.data(), manifest.vocabularySize());
    for (int row = 0; row < rows; row++) {
      for (int i = 0; i < logitsWanted; i++) {
        long place = (long) row * logitsWanted + i;
        wanted.data().setAtIndex(JAVA_LONG, place, count - logitsWanted + i);
      }
    }
    binding.bindInput("inputs_embeds", embeds);
    binding.bindInput("position_ids", positions);
    binding.bindInput("logit_positions", wanted);
    binding.bindOutput("logits", values);
    if (blocks > 0) {
      maxima = Tensor.allocate(ElementType.FLOAT32, rows, logitsWanted, blocks);
      sums = Tensor.allocate(ElementType.FLOAT32, rows, logitsWanted, blocks);
      logits = logits.withMaxima(maxima.data(), sums.data(), blocks);
      binding.bindOutput(BlockMaxima.MAXIMA, maxima);
      binding.bindOutput(BlockMaxima.SUMS, sums);
    }
  }

  private void closeBuffers() {
    embeds.close();
    positions.close();
    wanted.close();
    values.close();
    maxima.close();
    sums.close();
  }

  /** Frees the buffers, the cache not among them: it belongs to the caller. */
  @Override
  public void close() {
    binding.close();
    views.values().forEach(layers -> layers.forEach(SlotCache.Pair::close));
    closeBuffers();
    lastPlaces.close();
    longest.close();
  }
}
