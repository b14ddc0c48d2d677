package dev.preamble.generation.structured;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.generation.RequestException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What cannot be had is refused by its name, what is hostile in bounded time. */
class ConstraintRefusalsTest {
  private final Constraints constraints = new Constraints(Vocabularies.stories());

  @Test
  void schemasAreRefusedByKeywordAndPlace() {
    schema("{\"type\":\"string\",\"minLenght\":1}", "#/minLenght");
    schema("{\"type\":\"integer\",\"multipleOf\":3}", "#/multipleOf");
    schema("{\"oneOf\":[{\"type\":\"null\"}]}", "#/oneOf");
    schema("{\"not\":{}}", "#/not");
    schema("{\"type\":\"array\",\"uniqueItems\":true}", "#/uniqueItems");
    schema(
        "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"text\"}}}", "#/properties/a/type");
    schema("{\"type\":\"object\",\"patternProperties\":{}}", "#/patternProperties");
    schema("{\"minimum\":1}", "#/minimum");
    schema("{\"type\":\"number\",\"minimum\":0.5}", "0.5");
    schema("{\"type\":\"integer\",\"minimum\":3,\"maximum\":2}", "at least 3 and at most 2");
    schema("{\"type\":\"string\",\"format\":\"email\"}", "#/format");
    schema("{\"type\":\"string\",\"pattern\":\"a\",\"maxLength\":3}", "several of them together");
    schema("{\"type\":\"string\",\"pattern\":\"(?=a)\"}", "#/pattern: look-around");
    schema("{\"type\":\"string\",\"minLength\":-1}", "#/minLength");
    schema("{\"type\":\"array\",\"minItems\":3,\"maxItems\":2}", "#/maxItems");
    schema("{\"$ref\":\"#/$defs/none\"}", "nothing stands at #/$defs/none");
    schema("{\"$ref\":\"http://example.org/x\"}", "http://example.org/x");
    schema(
        "{\"$defs\":{\"a\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/a\"}}},\"$ref\":\"#/$defs/a\"}",
        "refers to itself");
    schema("{\"const\":1,\"type\":\"string\"}", "no value satisfies");
    schema("{\"enum\":[1],\"minimum\":0}", "#/minimum: this keyword is not had here beside [enum]");
    schema("false", "nothing satisfies");
    schema("3", "expected an object or true");
    schema("{", "expected a schema in JSON");
    schema("{\"anyOf\":[]}", "#/anyOf");
  }

  @Test
  void expressionsAreRefusedByWhatAndWhere() {
    regex("(?<=a)b", "look-around");
    regex("(a)\\1", "\\1");
    regex("a\\b", "word border");
    regex("\\p{L}", "\\p");
    regex("a{3,2}", "from 3 to 2");
    regex("a**", "quantifier behind a quantifier at character 3");
    regex("*a", "nothing before it at character 1");
    regex("a(b", "expected )");
    regex("a)b", "closes no group");
    regex("a^b", "^ not at the beginning at character 2");
    regex("[b-a]", "end comes before");
    regex("[]", "class without characters");
    regex("\\ud800", "no character's");
    regex("", "no text but the empty one");
  }

  @Test
  void choicesThatAreNoneAreRefused() {
    assertEquals("choice", refused(() -> constraints.choice(List.of()), "from 1 to").field());
    refused(() -> constraints.choice(List.of("a", "")), "an empty one");
    refused(() -> constraints.choice(Collections.nCopies(10_001, "a")), "10001");
  }

  @Test
  void whatIsHostileEndsSoonAndClearly() {
    String nested = "{\"type\":\"array\",\"items\":".repeat(100) + "true" + "}".repeat(100);
    StringBuilder doubling = new StringBuilder("{\"$ref\":\"#/$defs/a0\",\"$defs\":{");
    for (int i = 0; i < 40; i++) {
      doubling.append(
          "\"a%d\":{\"anyOf\":[{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/a%d\"}},{\"type\":\"object\",\"additionalProperties\":{\"$ref\":\"#/$defs/a%d\"}}]},"
              .formatted(i, i + 1, i + 1));
    }
    doubling.append("\"a40\":{}}}");
    List<Executable> hostile =
        List.of(
            () -> schema(nested, "at most 64 levels"),
            () -> schema(doubling.toString(), "json_schema: "),
            () -> schema("{\"type\":\"string\",\"maxLength\":99999}", "shorten"),
            () -> schema("{\"type\":\"string\",\"maxLength\":999999}", "from 0 to 100,000"),
            () -> regex("((a{1,100}){1,100}){1,100}", "shorten"),
            () -> regex("(a|b)*a(a|b){24}", "shorten"),
            () -> regex("(.{0,60}){0,60}x", "shorten"),
            () -> regex("(".repeat(300) + "a" + ")".repeat(300), "nested deeper than 200"),
            () -> regex("a".repeat(20_001), "more than 20,000 characters"));
    assertAll(
        hostile.stream()
            .map(each -> () -> assertTimeoutPreemptively(Duration.ofSeconds(60), each)));
  }

  @Test
  void whatIsUsualIsNotTooLarge() {
    constraints.jsonSchema("{\"type\":\"string\",\"maxLength\":4000}");
    constraints.regex(".{1,2000}");
    StringBuilder properties = new StringBuilder();
    for (int i = 0; i < 100; i++) {
      properties.append("\"p%d\":{\"type\":[\"string\",\"number\",\"null\"]},".formatted(i));
    }
    properties.setLength(properties.length() - 1);
    constraints.jsonSchema("{\"type\":\"object\",\"properties\":{" + properties + "}}");
  }

  @Test
  void theSameConstraintIsCompiledOnce() {
    assertSame(constraints.regex("ab*"), constraints.regex("ab*"));
    for (int i = 0; i < 40; i++) {
      constraints.regex("ab{" + i + "}");
    }
    assertSame(constraints.regex("ab{39}"), constraints.regex("ab{39}"));
  }

  private void schema(String source, String reason) {
    RequestException fault = refused(() -> constraints.jsonSchema(source), reason);
    assertEquals("json_schema", fault.field());
  }

  private void regex(String source, String reason) {
    RequestException fault = refused(() -> constraints.regex(source), reason);
    assertEquals("regex", fault.field());
  }

  private static RequestException refused(Executable compile, String reason) {
    RequestException fault = assertThrows(RequestException.class, compile);
    assertTrue(fault.getMessage().contains(reason), fault.getMessage());
    assertFalse(fault.getMessage().contains("\n"), fault.getMessage());
    return fault;
  }
}
