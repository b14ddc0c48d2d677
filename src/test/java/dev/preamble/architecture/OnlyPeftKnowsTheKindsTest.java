package dev.preamble.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.preamble.peft.Method;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Nothing outside {@code peft} asks what kind an adapter is, so that a new kind is one record
 * there. Outside it
 *
 * <ul>
 *   <li>the type {@link Method} is not named;
 *   <li>its records are named only to make an adapter, by a call of their static factories, and
 *       only by {@code training}: never in {@code instanceof}, {@code case}, a cast or a variable;
 *   <li>{@code peftType()} is shown or written, never compared: no call on it, no {@code switch}
 *       over it.
 * </ul>
 */
class OnlyPeftKnowsTheKindsTest {
  private static final String KINDS =
      Arrays.stream(Method.class.getPermittedSubclasses())
          .map(Class::getSimpleName)
          .collect(Collectors.joining("|"));

  private static final Pattern METHOD = Pattern.compile("\\bpeft\\.(Method|\\*)\\s*;");
  private static final Pattern KIND =
      Pattern.compile("(?<!import dev\\.preamble\\.peft\\.)\\b(" + KINDS + ")\\b");
  private static final Pattern FACTORY_CALL = Pattern.compile("\\b(" + KINDS + ")\\.[a-z]\\w*\\(");
  private static final Pattern COMPARED =
      Pattern.compile(
          "(switch|equals|==|!=)\\s*\\(?[\\w.()]*peftType\\(\\)|peftType\\(\\)\\s*(\\.|==|!=)");

  @Test
  void nothingOutsidePeftAsksWhatKindAnAdapterIs() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (Source source : Source.all()) {
      if (!source.room().equals("peft")) {
        source.find(METHOD).forEach(match -> wrong.add(source.file() + " names Method"));
        source
            .find(COMPARED)
            .forEach(match -> wrong.add(source.file() + " compares: " + match.group()));
        long named = source.find(KIND).count();
        long made = source.find(FACTORY_CALL).count();
        if (named != made || (named > 0 && !source.room().equals("training"))) {
          wrong.add(
              "%s names a kind %d times, to make one %d times"
                  .formatted(source.file(), named, made));
        }
      }
    }
    assertEquals(List.of(), wrong);
  }
}
