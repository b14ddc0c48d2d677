package dev.preamble.generation.structured;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.generation.sampling.Constraint;
import dev.preamble.model.TokenBytes;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A token may come exactly where text and token begin some text that the expression matches. Held
 * against the JDK's own engine, asked for every token at every place of random texts: an expression
 * without look-around matches a beginning, or ran out of text in the middle of it, exactly then.
 */
class MasksAreExactTest {
  private static final List<String> EXPRESSIONS =
      List.of(
          "abc",
          "a*b+c?",
          "(a|b)*abb",
          "(?:ab|cd){2,4}",
          "[a-c]{3}d",
          "[^ab]{1,3}(a|é)",
          "a{2,}b{0,2}",
          "(ab(c|d)?)+",
          "é+|日本|a日",
          "(a?){4}a{4}",
          "((a|b)(c|d)){1,2}|abcdabcd",
          "[\\u65e5\\u672c]{1,2}x?\\.\\d",
          "\\w\\s\\w|\\D{2}",
          "(a|ab)(c|bcd)(d*)",
          ".{0,3}a");

  @TempDir Path folder;

  @Test
  void everyMaskHasTheTokensThatLeadToAMatchAndNoOther() throws Exception {
    List<String> tokens = tokens();
    TokenBytes bytes = Vocabularies.of(folder, tokens);
    Constraints constraints = new Constraints(bytes);
    Random random = new Random(11);
    int asked = 0;
    for (String expression : EXPRESSIONS) {
      Constraint constraint = constraints.regex(expression);
      Pattern expected = Pattern.compile(expression);
      for (int round = 0; round < 40; round++) {
        Constraint.State state = constraint.start(false);
        String text = "";
        for (int step = 0; step < 8; step++) {
          assertEquals(expected.matcher(text).matches(), state.complete(), expression + text);
          List<Integer> allowed = new ArrayList<>();
          for (int token = 0; token < tokens.size(); token++) {
            boolean may = (state.allowed()[token >> 6] & 1L << token) != 0;
            String with = text + tokens.get(token);
            assertEquals(begins(expected, with), may, expression + " at '" + with + "'");
            asked++;
            if (may) {
              allowed.add(token);
            }
          }
          assertEquals(allowed.isEmpty() && state.complete(), state.exhausted());
          if (allowed.isEmpty()) {
            assertTrue(state.complete(), "a dead end in " + expression + " after " + text);
            break;
          }
          int token = allowed.get(random.nextInt(allowed.size()));
          state.accept(token);
          text += tokens.get(token);
        }
      }
    }
    assertTrue(asked > 50_000);
  }

  private static boolean begins(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    return matcher.matches() || matcher.hitEnd();
  }

  /** Every character that stands in an expression, and random texts of two to four of them. */
  private static List<String> tokens() {
    String letters = "abcdxé日本 .7_\n";
    Set<String> tokens = new LinkedHashSet<>();
    letters.codePoints().mapToObj(Character::toString).forEach(tokens::add);
    Random random = new Random(3);
    while (tokens.size() < 120) {
      StringBuilder token = new StringBuilder();
      for (int i = 0; i < 2 + random.nextInt(3); i++) {
        token.append(letters.charAt(random.nextInt(random.nextBoolean() ? 4 : letters.length())));
      }
      tokens.add(token.toString());
    }
    return List.copyOf(tokens);
  }
}
