package dev.preamble.cli;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A setting of a run: {@code --key} on the command line, {@code key} in a configuration file.
 *
 * @param key its name
 * @param label what stands for the value in the help; empty for a switch
 * @param preset the value if none is given, if there is one
 * @param inPeft the value with {@code --peft-defaults}, where it is another
 * @param description what it does
 */
record Setting(
    String key,
    String label,
    Optional<String> preset,
    Optional<String> inPeft,
    String description) {

  /** The frozen model. */
  static final List<Setting> MODEL =
      List.of(
          of("model", "DIR", "Folder of the exported model."),
          of("threads", "N", "Threads that compute; all processors if not given."),
          of("device", "DEVICE", "What computes: cpu, cuda, or cuda:N.").preset("cpu"),
          of(
              "onnxruntime",
              "FILE",
              "A libonnxruntime to use in place of the one that comes with this program."));

  /** How rows are read. */
  static final List<Setting> ROWS =
      List.of(
          of(
              "data",
              "FILE",
              "Rows: JSON lines, or .csv and .tsv with named columns: text and label, prompt and completion, or messages."),
          of(
                  "template",
                  "T",
                  "How the text of a row with text and label is put to the model, such as '{text} It was'; its label's word follows.")
              .preset("{text}"),
          of(
              "labels",
              "LABEL=WORD,…",
              "The word that the model says for each label; a label alone is its own word."),
          of(
              "columns",
              "FIELD=NAME,…",
              "What the file calls a field, such as text=question,label=intent."),
          of(
                  "answers",
                  "all|last",
                  "What is learned of rows with messages: all that the assistant says, or the last alone.")
              .preset("all"),
          of("max-tokens", "N", "Longest row, in tokens; longer texts keep their end."),
          of("max-bad-lines", "N", "Unusable lines that are left out before the command fails.")
              .preset("0"),
          of(
              "hard-prompt",
              "TEXT",
              "A text to compare with: it is put before every row instead of a tuned prompt."));

  /** What is learned. */
  static final List<Setting> METHOD =
      List.of(
          of(
                  "method",
                  "M",
                  "prompt-tuning, p-tuning, prefix-tuning, multitask-prompt-tuning, cpt or cartridge.")
              .preset("prompt-tuning"),
          of("virtual-tokens", "N", "Positions in front of the text; of CPT the context decides.")
              .preset("16"),
          of(
                  "init",
                  "I",
                  "What the prompt starts from: vocabulary (tokens drawn from it, the default), text, labels (their words), adapter, random or zero.")
              .inPeft("random"),
          of("init-text", "TEXT", "The text to start from: an instruction, or a cartridge's text."),
          of("init-adapter", "DIR", "The adapter to start from."),
          of("init-task", "N", "Which of its tasks."),
          of("encoder", "MLP|LSTM", "P-tuning's encoder.").preset("MLP"),
          of("encoder-hidden", "N", "Width in P-tuning's encoder or the prefix's projection."),
          of("encoder-layers", "N", "Layers of P-tuning's LSTM.").preset("2"),
          of(
                  "encoder-dropout",
                  "SHARE",
                  "Dropout between the layers of P-tuning's LSTM while it is tuned.")
              .preset("0"),
          toggle("projection", "Learn a prefix through a projection that is dropped afterwards."),
          of("tasks", "N", "Tasks of a multitask prompt; rows say theirs in a field task, from 0."),
          of("ranks", "N", "Rank of a task's matrix.").preset("1"),
          of(
                  "factors",
                  "ones|normal|average|source",
                  "What the tasks' matrices start from: ones, so that all tasks start alike; or with --init-adapter the mean of those of its tasks, or those of its --init-task.")
              .preset("ones")
              .inPeft("normal"),
          of("frozen-tokens", "N", "Leading positions of a cartridge that stay.").preset("1"),
          of("context-rows", "N", "Rows of the data, from the first on, that are CPT's context."),
          of(
              "loss-decay",
              "X",
              "What a label of CPT's context counts against one of the next row."),
          of("epsilon", "X", "How far CPT may move a token of the context; 1 if not given.")
              .inPeft("0.1"),
          of(
              "format-epsilon",
              "X",
              "The same for what stands around the text in the template; as --epsilon if not given."));

  /** How it is learned. */
  static final List<Setting> LEARNING =
      List.of(
          of("epochs", "N", "Passes over the data.").preset("4").inPeft("3"),
          of("batch-size", "N", "Most rows of a batch.").preset("16").inPeft("8"),
          of("batch-tokens", "N", "Most tokens of a batch; 0 sets no bound.").preset("0"),
          of("accumulate", "N", "Batches whose gradients make one step.").preset("1"),
          of(
                  "loss",
                  "vocabulary|labels",
                  "Among which tokens the loss asks for the right one: all, or the labels' words.")
              .preset("vocabulary"),
          of("optimizer", "adamw|adafactor", "What makes the steps.").preset("adamw"),
          of("lr", "X", "Peak learning rate; one found to work for the method if not given.")
              .inPeft("5e-5"),
          of("schedule", "constant|linear|cosine", "How the rate falls after the warm-up.")
              .preset("cosine")
              .inPeft("linear"),
          of("warmup", "SHARE", "Share of the steps over which the rate rises.")
              .preset("0.1")
              .inPeft("0"),
          of("weight-decay", "X", "Decoupled weight decay.").preset("0"),
          of("beta1", "X", "AdamW's decay of the mean gradient.").preset("0.9"),
          of("beta2", "X", "AdamW's decay of the mean square.").preset("0.999"),
          of("adam-epsilon", "X", "What keeps AdamW's division finite.").preset("1e-8"),
          of("max-grad-norm", "X", "Longer gradients are cut to this norm; 0 leaves them.")
              .preset("1"),
          of("seed", "N", "Decides the order of rows and what is random.").preset("0"));

  /** What is scored and kept. */
  static final List<Setting> KEEPING =
      List.of(
          of("eval", "FILE", "Rows to score on."),
          of("eval-every", "N", "Steps between two evaluations; 0 scores after each epoch.")
              .preset("0"),
          of(
                  "patience",
                  "N",
                  "Evaluations without a better one after which the run ends; 0 never ends it.")
              .preset("0"),
          of(
              "best-by",
              "loss|accuracy|macro-f1|exact|token-f1",
              "What makes the best state, which is the one saved: loss; accuracy where --loss is labels."),
          of("save-every", "N", "Steps between two checkpoints; 0 keeps one after each epoch.")
              .preset("0"),
          of("out", "DIR", "Where the adapter goes."));

  /** All settings of a run. */
  static List<Setting> all() {
    return Stream.of(MODEL, ROWS, METHOD, LEARNING, KEEPING).flatMap(List::stream).toList();
  }

  private static Setting of(String key, String label, String description) {
    return new Setting(key, label, Optional.empty(), Optional.empty(), description);
  }

  private static Setting toggle(String key, String description) {
    return of(key, "", description);
  }

  private Setting preset(String value) {
    return new Setting(key, label, Optional.of(value), inPeft, description);
  }

  private Setting inPeft(String value) {
    return new Setting(key, label, preset, Optional.of(value), description);
  }

  /** The flag that gives it. */
  String flag() {
    return "--" + key;
  }

  boolean isSwitch() {
    return label.isEmpty();
  }
}
