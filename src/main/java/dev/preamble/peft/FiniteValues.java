package dev.preamble.peft;

import dev.preamble.PreambleException;
import dev.preamble.safetensors.Dtype;
import dev.preamble.safetensors.TensorView;

/** Refuses tensors with a NaN or an infinity, which PEFT loads and then answers nonsense with. */
final class FiniteValues {
  private static final int CHUNK = 8192;

  private FiniteValues() {}

  static void require(TensorView tensor) {
    if (!tensor.dtype().convertsToFloat() || tensor.dtype().isInteger()) {
      return;
    }
    float[] chunk = new float[(int) Math.min(CHUNK, tensor.elements())];
    for (long first = 0; first < tensor.elements(); first += chunk.length) {
      int length = (int) Math.min(chunk.length, tensor.elements() - first);
      tensor.copyFloats(first, chunk, 0, length);
      if (!allFinite(chunk, length)) {
        name(tensor, first, chunk, length);
      }
    }
  }

  /** Adding 1 to an exponent of all ones, NaN's and infinity's, carries into the sign bit. */
  private static boolean allFinite(float[] values, int length) {
    int carried = 0;
    for (int i = 0; i < length; i++) {
      carried |= (Float.floatToRawIntBits(values[i]) & 0x7fffffff) + 0x00800000;
    }
    return carried >= 0;
  }

  private static void name(TensorView tensor, long first, float[] chunk, int length) {
    for (int i = 0; i < length; i++) {
      if (!Float.isFinite(chunk[i])) {
        boolean range = tensor.dtype() == Dtype.F64 && Float.isInfinite(chunk[i]);
        throw new PreambleException(
            "tensor '%s' holds %s at element %,d; the adapter is damaged or its training diverged"
                .formatted(
                    tensor.name(),
                    range ? "a value beyond float32" : Float.toString(chunk[i]),
                    first + i));
      }
    }
  }
}
