package dev.preamble.runtime;

import dev.preamble.PreambleException;

/** A call that ONNX Runtime refused, with its code and its own message. */
public final class OrtException extends PreambleException {
  private static final long serialVersionUID = 1L;

  /** ONNX Runtime's error codes, in its order. */
  public enum Code {
    OK,
    FAIL,
    INVALID_ARGUMENT,
    NO_SUCH_FILE,
    NO_MODEL,
    ENGINE_ERROR,
    RUNTIME_EXCEPTION,
    INVALID_PROTOBUF,
    MODEL_LOADED,
    NOT_IMPLEMENTED,
    INVALID_GRAPH,
    EXECUTION_PROVIDER_FAIL,
    MODEL_LOAD_CANCELED,
    MODEL_REQUIRES_COMPILATION,
    NOT_FOUND,
    /** A code newer than this list. */
    UNKNOWN;

    static Code of(int code) {
      return code >= 0 && code < UNKNOWN.ordinal() ? values()[code] : UNKNOWN;
    }
  }

  private final Code code;

  OrtException(Code code, String message) {
    super("ONNX Runtime, " + code + ": " + message);
    this.code = code;
  }

  private OrtException(String message, Code code, OrtException cause) {
    super(message, cause);
    this.code = code;
  }

  /** The same fault, said to have happened in {@code context}. */
  OrtException in(String context) {
    return new OrtException(context + ": " + getMessage(), code, this);
  }

  /** The same fault, said to have happened in {@code context}, with what to do about it. */
  OrtException in(String context, String advice) {
    return new OrtException(context + ": " + getMessage().strip() + "; " + advice, code, this);
  }

  /** The code that ONNX Runtime gave. */
  public Code code() {
    return code;
  }

  /** Whether memory for the computation was not to be had. */
  public boolean isOutOfMemory() {
    return getMessage().contains("Failed to allocate memory")
        || getMessage().contains("std::bad_alloc");
  }
}
