package dev.preamble.onnx;

/** The element type of a tensor, with its code in the ONNX format and its size in bits. */
public enum DataType {
  FLOAT(1, 32),
  UINT8(2, 8),
  INT8(3, 8),
  UINT16(4, 16),
  INT16(5, 16),
  INT32(6, 32),
  INT64(7, 64),
  BOOL(9, 8),
  FLOAT16(10, 16),
  DOUBLE(11, 64),
  UINT32(12, 32),
  UINT64(13, 64),
  BFLOAT16(16, 16),
  /** Two in a byte, the first in its lower half. */
  UINT4(21, 4);

  private final int code;
  private final int bits;

  DataType(int code, int bits) {
    this.code = code;
    this.bits = bits;
  }

  /** The value of {@code TensorProto.DataType}. */
  public int code() {
    return code;
  }

  /** Bytes of one element; an element of four bits has none of its own. */
  public int bytes() {
    return bits / 8;
  }

  /** Bytes that {@code elements} of them take. */
  public long bytesOf(long elements) {
    return Math.ceilDiv(Math.multiplyExact(elements, bits), 8);
  }

  /** Whether it stands for real numbers, which alone have derivatives. */
  public boolean isReal() {
    return switch (this) {
      case FLOAT, FLOAT16, BFLOAT16, DOUBLE -> true;
      default -> false;
    };
  }

  /** The type with ONNX code {@code code}. */
  public static DataType ofCode(int code) {
    for (DataType type : values()) {
      if (type.code == code) {
        return type;
      }
    }
    throw new GraphException(
        "Tensor element type "
            + code
            + " is not supported; supported are "
            + java.util.Arrays.toString(values()));
  }
}
