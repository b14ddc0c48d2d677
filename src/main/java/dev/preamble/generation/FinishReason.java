package dev.preamble.generation;

/** Why a request ended. */
public enum FinishReason {
  /**
   * The model gave an end token, the text reached a stop string, or the constraint lets nothing
   * follow.
   */
  STOP,
  /** As many tokens came as the request allows. */
  LENGTH,
  /** The request was cancelled. */
  CANCELLED,
  /** The request's deadline passed. */
  TIMEOUT
}
