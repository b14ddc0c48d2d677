package dev.preamble.generation.structured;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.preamble.generation.sampling.Constraint;
import dev.preamble.model.TokenBytes;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Whatever is drawn under a schema parses and satisfies it, as another's validator judges. */
class EveryTextSatisfiesItsSchemaTest {
  private static final int TEXTS = 80;

  private final SchemaRegistry validators =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
  private final TokenBytes bytes = Vocabularies.stories();
  private final Constraints constraints = new Constraints(bytes);

  @Test
  void everyTextOfEverySchemaParsesAndSatisfiesIt() throws Exception {
    Random random = new Random(17);
    for (String source : Schemas.ALL) {
      Constraint constraint = constraints.jsonSchema(source);
      Schema validator = validators.getSchema(source);
      Set<String> different = new HashSet<>();
      int ended = 0;
      for (int i = 0; i < TEXTS; i++) {
        Optional<String> text = Walk.text(constraint, bytes, random, 3000);
        if (text.isPresent()) {
          ended++;
          different.add(text.get());
          new ObjectMapper().readTree(text.get());
          assertEquals(
              List.of(),
              validator.validate(
                  text.get(),
                  InputFormat.JSON,
                  context -> context.executionConfig(c -> c.formatAssertionsEnabled(true))),
              () -> source + " with " + text.get());
        }
      }
      assertTrue(ended > TEXTS / 2, "only " + ended + " texts of " + source + " ended");
      assertTrue(different.size() > 1 || source.contains("const") || source.contains("99"), source);
    }
  }

  @Test
  void anyObjectParses() throws Exception {
    Random random = new Random(23);
    int ended = 0;
    for (int i = 0; i < 200; i++) {
      Optional<String> text = Walk.text(constraints.jsonObject(), bytes, random, 3000);
      if (text.isPresent()) {
        ended++;
        assertTrue(new ObjectMapper().readTree(text.get()).isObject(), text.get());
      }
    }
    assertTrue(ended > 50, "only " + ended + " objects ended");
  }

  @Test
  void aPatternIsLookedForAnywhereUnlessItIsAnchored() {
    Constraint found = constraints.jsonSchema("{\"type\":\"string\",\"pattern\":\"b{2}[0-9]\"}");
    assertTrue(accepts(found, "\"a bb7c\""));
    assertFalse(accepts(found, "\"a b7c\""));
    Constraint anchored = constraints.jsonSchema("{\"type\":\"string\",\"pattern\":\"^b|c$\"}");
    assertTrue(accepts(anchored, "\"bx\""));
    assertTrue(accepts(anchored, "\"xc\""));
    assertFalse(accepts(anchored, "\"xb\""));
  }

  @Test
  void aBoundOfWholeNumbersIsExact() {
    for (long[] bounds : new long[][] {{0, 0}, {7, 7}, {-3, 12}, {98, 1002}, {-120, -7}, {1, 99}}) {
      Constraint constraint =
          constraints.jsonSchema(
              "{\"type\":\"integer\",\"minimum\":%d,\"maximum\":%d}"
                  .formatted(bounds[0], bounds[1]));
      for (long value = -1300; value <= 1300; value++) {
        boolean inside = bounds[0] <= value && value <= bounds[1];
        assertEquals(inside, accepts(constraint, Long.toString(value)), value + " in " + bounds[0]);
      }
    }
  }

  private boolean accepts(Constraint constraint, String text) {
    Constraint.State state = constraint.start(false);
    for (char character : text.toCharArray()) {
      int token = byteToken(character);
      if ((state.allowed()[token >> 6] & 1L << token) == 0) {
        return false;
      }
      state.accept(token);
    }
    return state.complete();
  }

  /** The token of a byte that is no other token's: llama's vocabularies have these from 3 on. */
  private int byteToken(char character) {
    int token = 3 + character;
    assertEquals(String.valueOf(character), bytes.text(token));
    return token;
  }
}
