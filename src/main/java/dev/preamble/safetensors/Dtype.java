package dev.preamble.safetensors;

/**
 * The element types of safetensors 0.8, by the names that stand in files. The order is the
 * reference library's: it writes tensors of a later type before those of an earlier one.
 */
public enum Dtype {
  BOOL(8),
  F4(4),
  F6_E2M3(6),
  F6_E3M2(6),
  U8(8),
  I8(8),
  F8_E5M2(8),
  F8_E4M3(8),
  F8_E8M0(8),
  F8_E4M3FNUZ(8),
  F8_E5M2FNUZ(8),
  I16(16),
  U16(16),
  F16(16),
  BF16(16),
  I32(32),
  U32(32),
  F32(32),
  C64(64),
  F64(64),
  I64(64),
  U64(64);

  private final int bits;

  Dtype(int bits) {
    this.bits = bits;
  }

  /** Size of one element in bits. */
  public int bits() {
    return bits;
  }

  /** Whether {@link TensorView#toFloats} can widen or round this type to float32. */
  public boolean convertsToFloat() {
    return switch (this) {
      case F16, BF16, F32, F64 -> true;
      default -> isInteger();
    };
  }

  /** Whether this is an integer type or {@code BOOL}, whose values are 0 and 1. */
  public boolean isInteger() {
    return switch (this) {
      case BOOL, U8, I8, U16, I16, U32, I32, U64, I64 -> true;
      default -> false;
    };
  }
}
