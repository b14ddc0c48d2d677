package dev.preamble.generation.structured;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.preamble.generation.Engine;
import dev.preamble.generation.EngineOptions;
import dev.preamble.generation.FinishReason;
import dev.preamble.generation.Generation;
import dev.preamble.generation.GenerationRequest;
import dev.preamble.generation.GenerationResult;
import dev.preamble.generation.NaiveEngine;
import dev.preamble.generation.Stories;
import dev.preamble.generation.sampling.Constraint;
import dev.preamble.generation.sampling.Sampling;
import dev.preamble.model.FrozenModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** A model that is asked for what it never saw, at a high temperature, gives nothing else. */
class ConstrainedGenerationTest {
  private static final EngineOptions OPTIONS =
      EngineOptions.defaults().withThreads(1).withQueue(1000);

  @Test
  void hundredsOfSeedsUnderEverySchemaSatisfyIt() {
    SchemaRegistry validators =
        SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
    try (FrozenModel model = FrozenModel.open(Stories.SMALL);
        Engine engine = NaiveEngine.open(model, OPTIONS)) {
      Constraints constraints = new Constraints(model.tokenBytes());
      int[] prompt = model.tokenizer().encode("The answer:", true);
      int ended = 0;
      int all = 0;
      for (String source : Schemas.ALL) {
        Schema validator = validators.getSchema(source);
        Constraint constraint = constraints.jsonSchema(source);
        for (GenerationResult result : run(engine, prompt, constraint, 14, 120)) {
          all++;
          if (result.finishReason() == FinishReason.STOP) {
            ended++;
            assertEquals(
                List.of(), validator.validate(result.text(), InputFormat.JSON), result.text());
          }
        }
      }
      assertTrue(ended > 0.8 * all, ended + " of " + all + " ended");
      System.out.printf("structured output: %d texts of %d seeds ended, all valid%n", ended, all);
    }
  }

  @Test
  void aChoiceIsOneOfItsTextsEvenBehindNothing() {
    List<String> choices = List.of(" yes", "no", " not sure", "naïve 🦊");
    try (FrozenModel model = FrozenModel.open(Stories.SMALL);
        Engine engine = NaiveEngine.open(model, OPTIONS)) {
      Constraint constraint = new Constraints(model.tokenBytes()).choice(choices);
      for (String before : List.of("", "Is it?")) {
        List<GenerationResult> results =
            run(engine, model.tokenizer().encode(before, true), constraint, 60, 40);
        results.forEach(each -> assertEquals(FinishReason.STOP, each.finishReason()));
        Set<String> found =
            results.stream().map(GenerationResult::text).collect(Collectors.toSet());
        assertTrue(choices.containsAll(found), () -> before + ": " + found);
        assertTrue(found.size() > 1, () -> before + ": " + found);
      }
    }
  }

  @Test
  void greedyTextUnderAnExpressionIsTheMostProbableThatMatches() {
    try (FrozenModel model = FrozenModel.open(Stories.LARGE);
        Engine engine = NaiveEngine.open(model, OPTIONS)) {
      Constraints constraints = new Constraints(model.tokenBytes());
      GenerationRequest request =
          GenerationRequest.of(model.tokenizer().encode("Once upon a time", true))
              .withMaxTokens(40)
              .withConstraint(Optional.of(constraints.regex("[^.]*\\. The [a-z]+ was .{3,20}!")));
      String text = engine.submit(request).await().text();
      assertTrue(text.matches("[^.]*\\. The [a-z]+ was .{3,20}!"), text);
      GenerationRequest free = request.withConstraint(Optional.of(constraints.regex("[^\\x00]*")));
      assertEquals(
          engine.submit(request.withConstraint(Optional.empty())).await().text(),
          engine.submit(free).await().text());
    }
  }

  private static List<GenerationResult> run(
      Engine engine, int[] prompt, Constraint constraint, int seeds, int most) {
    List<Generation> generations = new ArrayList<>();
    for (int seed = 0; seed < seeds; seed++) {
      generations.add(
          engine.submit(
              GenerationRequest.of(prompt)
                  .withMaxTokens(most)
                  .withConstraint(Optional.of(constraint))
                  .withSampling(Sampling.greedy().withTemperature(2).withSeed(seed))));
    }
    return generations.stream().map(Generation::await).toList();
  }
}
