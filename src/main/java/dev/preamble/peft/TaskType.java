package dev.preamble.peft;

/** What a model with an adapter is for, by PEFT's names. */
public enum TaskType {
  SEQ_CLS,
  SEQ_2_SEQ_LM,
  CAUSAL_LM,
  TOKEN_CLS,
  QUESTION_ANS,
  FEATURE_EXTRACTION
}
