package dev.preamble.generation;

import java.util.Optional;

/** A row under way: how much of it has entered the model, and what enters next. */
final class ActiveRow {
  private final Row row;
  private final String lane;
  private final int[] prompt;
  private final RowText text;
  private final Optional<PromptScores> scores;
  private final int positions;
  private boolean computesPrefix;
  private boolean underAdapter;
  private int adapterRows;
  private int fed;
  private int next;

  /**
   * @param lane the scheduler's lane that it came from
   * @param scores where the prompt's log probabilities are wanted
   */
  ActiveRow(Row row, String lane, RowText text, Optional<PromptScores> scores) {
    GenerationRequest request = row.request();
    this.row = row;
    this.lane = lane;
    this.prompt = request.prompt();
    this.text = text;
    this.scores = scores;
    this.positions = positions(request);
    this.underAdapter = request.adapter().isEmpty();
    this.next = prompt[prompt.length - 1];
  }

  /** Positions that a request may come to fill. */
  static int positions(GenerationRequest request) {
    return request.virtualTokens() + request.prompt().length + request.maxTokens();
  }

  Row row() {
    return row;
  }

  String lane() {
    return lane;
  }

  RowText text() {
    return text;
  }

  Optional<PromptScores> scores() {
    return scores;
  }

  int[] prompt() {
    return prompt;
  }

  /** Positions that it may come to fill. */
  int positions() {
    return positions;
  }

  Optional<FittedAdapter> adapter() {
    return row.request().adapter();
  }

  /** What kept texts go by: the adapter's digest, empty for none. */
  String textKey() {
    return adapter().map(FittedAdapter::digest).orElse("");
  }

  /** Whether all of the adapter has entered, if there is one. */
  boolean isUnderAdapter() {
    return underAdapter;
  }

  /** Whether it is computing its adapter's prefix. */
  boolean computesPrefix() {
    return computesPrefix;
  }

  /** Its adapter's prefix is not kept anywhere: it computes it. */
  void computePrefix() {
    computesPrefix = true;
  }

  /** Positions of the adapter that have entered. */
  int adapterRows() {
    return adapterRows;
  }

  /** {@code count} positions more of the adapter have entered. */
  void adapterEntered(int count) {
    adapterRows += count;
  }

  /** All of the adapter has entered. */
  void adapterIsThrough() {
    underAdapter = true;
    computesPrefix = false;
  }

  /** Tokens of the prompt that have entered. */
  int fed() {
    return fed;
  }

  void feed(int count) {
    fed += count;
  }

  /** Tokens of the prompt that have not entered. */
  int unfed() {
    return prompt.length - fed;
  }

  /**
   * Whether nothing is left to enter but the one token whose logits give the next: then it decodes
   * together with others.
   */
  boolean isReadyToDecode() {
    return underAdapter && scores.isEmpty() && unfed() <= 1 && row.request().maxTokens() > 0;
  }

  /** The token that enters next when it decodes. */
  int next() {
    return next;
  }

  /** The token that came out last enters next. */
  void goOn() {
    next = row.lastToken();
  }
}
