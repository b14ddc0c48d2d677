package dev.preamble.training.method;

import dev.preamble.model.FrozenModel;
import dev.preamble.training.Example;
import dev.preamble.training.TemplateTokens;
import dev.preamble.training.TrainingException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * CPT, context-aware prompt tuning (Blau et al. 2024): the embeddings of a few examples in front of
 * the text, each moved by a little. The loss asks for the examples' labels too.
 *
 * <p>Measured on the ten-intent task of {@code quickstart} (stories15M, 500 rows, two epochs, one
 * seed; 46 % without an adapter) with three rows as context: within a bound of 0.1, PEFT's, 45 % at
 * a rate of 0.003; within 1, 90 % at 0.01 and 92 % at 0.03; within 10, 92 % at 0.01.
 *
 * @param tokens the context; its length is the number of virtual tokens
 * @param types what each token is, modulo 4: 1 input template, 2 input, 3 output template, 0 label;
 *     each example's types are 4 above those of the one before it, and 0 itself stands for none
 * @param lossDecay what labels of an example count against those of the next; all count alike when
 *     empty ({@code --loss-decay})
 * @param epsilon how far an input token's row may move, as a Euclidean norm for a hidden size of
 *     2,048, and with its square root for others ({@code --epsilon})
 * @param formatEpsilon the same for tokens of templates ({@code --format-epsilon})
 */
public record CptConfig(
    List<Integer> tokens,
    List<Integer> types,
    Optional<Double> lossDecay,
    double epsilon,
    double formatEpsilon)
    implements MethodConfig {
  /** {@code --method cpt}. */
  public static final String NAME = "cpt";

  /** The bound within which it was found to learn. */
  private static final double EPSILON = 1;

  private static final double PEFT_EPSILON = 0.1;

  /** Refuses contexts that PEFT's loss does not understand. */
  public CptConfig {
    tokens = List.copyOf(tokens);
    types = List.copyOf(types);
    if (tokens.isEmpty() || tokens.size() != types.size()) {
      throw new TrainingException(
          "context: expected at least one token and a type for each, found %d tokens and %d types"
              .formatted(tokens.size(), types.size()));
    }
    int highest = types.stream().mapToInt(Integer::intValue).max().orElseThrow();
    if (types.stream().anyMatch(type -> type < 0) || highest % 4 != 0) {
      throw new TrainingException(
          "context: expected types of 0 or more of which the highest is a label's, a multiple of 4 (PEFT's loss is no number otherwise); found "
              + types);
    }
    if (!(epsilon > 0) || !(formatEpsilon > 0)) {
      throw new TrainingException(
          "epsilon: expected bounds above 0, found %s and %s".formatted(epsilon, formatEpsilon));
    }
    lossDecay.ifPresent(
        decay -> {
          if (!(decay > 0 && decay <= 1)) {
            throw new TrainingException(
                "loss decay: expected a factor above 0, 1 at most; found " + decay);
          }
        });
  }

  /**
   * The context of {@code examples} one after the other: what {@code template} puts around a text
   * as templates, the rest of the prompts as inputs, completions as labels.
   */
  public static CptConfig of(
      List<Example> examples, TemplateTokens template, Optional<Double> lossDecay) {
    return of(examples, template, lossDecay, EPSILON);
  }

  /** The same with PEFT's bounds and no decay. */
  public static CptConfig peftDefaults(List<Example> examples, TemplateTokens template) {
    return of(examples, template, Optional.empty(), PEFT_EPSILON);
  }

  private static CptConfig of(
      List<Example> examples, TemplateTokens template, Optional<Double> lossDecay, double epsilon) {
    List<Integer> tokens = new ArrayList<>();
    List<Integer> types = new ArrayList<>();
    for (int i = 0; i < examples.size(); i++) {
      Example example = examples.get(i);
      int before = template.before(example);
      int after = example.prompt().length - template.after(example);
      for (int at = 0; at < example.prompt().length; at++) {
        tokens.add(example.prompt()[at]);
        types.add(4 * i + (at < before ? 1 : at < after ? 2 : 3));
      }
      for (int token : example.completion()) {
        tokens.add(token);
        types.add(4 * i + 4);
      }
    }
    return new CptConfig(tokens, types, lossDecay, epsilon, epsilon);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public int virtualTokens() {
    return tokens.size();
  }

  @Override
  public double learningRate() {
    return 0.02;
  }

  @Override
  public LearningMethod method(FrozenModel model) {
    return new MovedContext(model, this);
  }
}
