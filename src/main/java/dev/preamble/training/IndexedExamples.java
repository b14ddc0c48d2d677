package dev.preamble.training;

import dev.preamble.training.data.Place;
import dev.preamble.training.data.RowFile;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.RandomAccess;

/**
 * The rows of a file of any size. Rows are kept as tokens up to a budget; of those behind it only
 * place, length and task are known, 28 bytes a row, and they are read again each time they are
 * asked for.
 */
final class IndexedExamples extends AbstractList<Example> implements RandomAccess, AutoCloseable {
  private final RowFile file;
  private final RowTokenizer tokenizer;
  private final long budget;
  private long[] offsets = new long[16];
  private long[] lines = new long[16];
  private int[] bytes = new int[16];
  private int[] tokens = new int[16];
  private int[] tasks = new int[16];
  private Example[] held = new Example[16];
  private int size;
  private int kept;
  private int mostLabels;
  private long keptTokens;

  /**
   * @param budget tokens that are kept
   */
  IndexedExamples(RowFile file, RowTokenizer tokenizer, long budget) {
    this.file = file;
    this.tokenizer = tokenizer;
    this.budget = budget;
  }

  void add(Place place, Example example) {
    if (size == offsets.length) {
      int room = Math.addExact(size, size >> 1);
      offsets = Arrays.copyOf(offsets, room);
      lines = Arrays.copyOf(lines, room);
      bytes = Arrays.copyOf(bytes, room);
      tokens = Arrays.copyOf(tokens, room);
      tasks = Arrays.copyOf(tasks, room);
    }
    offsets[size] = place.offset();
    lines[size] = place.line();
    bytes[size] = place.length();
    tokens[size] = example.length();
    tasks[size] = example.task();
    mostLabels = Math.max(mostLabels, example.labels());
    if (kept == size && keptTokens + example.length() <= budget) {
      keep(example);
    }
    size++;
  }

  private void keep(Example example) {
    if (kept == held.length) {
      held = Arrays.copyOf(held, kept + (kept >> 1));
    }
    held[kept++] = example;
    keptTokens += example.length();
  }

  /** Tokens of the row, known without reading it. */
  int length(int index) {
    return tokens[index];
  }

  /** Task of the row, known without reading it. */
  int task(int index) {
    return tasks[index];
  }

  /** Labels of the row that has most. */
  int mostLabels() {
    return mostLabels;
  }

  /** Rows that are kept as tokens. */
  int kept() {
    return kept;
  }

  @Override
  public Example get(int index) {
    if (index < kept) {
      return held[index];
    }
    Place place = new Place(offsets[index], bytes[index], lines[index]);
    return tokenizer.example(file.read(place));
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public void close() {
    file.close();
  }
}
