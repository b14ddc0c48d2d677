package dev.preamble.generation;

/** Why a request ended. */
public enum FinishReason {
  /** The model gave an end-of-sequence token, or the text reached a stop string. */
  STOP,
  /** As many tokens came as the request allows. */
  LENGTH,
  /** The request was cancelled. */
  CANCELLED
}
