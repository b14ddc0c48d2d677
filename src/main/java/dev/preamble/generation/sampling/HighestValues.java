package dev.preamble.generation.sampling;

import java.util.Arrays;

/** A heap of the highest values met so far, the lowest of them on top. */
final class HighestValues {
  private HighestValues() {}

  /** The {@code count}-th highest of {@code values}, equal ones counted each; none is NaN. */
  static float last(float[] values, int count) {
    float[] heap = Arrays.copyOf(values, count);
    for (int i = count / 2 - 1; i >= 0; i--) {
      sink(heap, i);
    }
    for (int i = count; i < values.length; i++) {
      if (values[i] > heap[0]) {
        heap[0] = values[i];
        sink(heap, 0);
      }
    }
    return heap[0];
  }

  private static void sink(float[] heap, int place) {
    float value = heap[place];
    for (int child = 2 * place + 1; child < heap.length; child = 2 * place + 1) {
      if (child + 1 < heap.length && heap[child + 1] < heap[child]) {
        child++;
      }
      if (heap[child] >= value) {
        break;
      }
      heap[place] = heap[child];
      place = child;
    }
    heap[place] = value;
  }
}
