package dev.preamble.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StopStringsTest {
  @Test
  void nothingOfAStopTextThatSpansPiecesIsGivenOut() {
    StopStrings stops = new StopStrings(List.of("\n\n"));
    assertEquals("end", stops.append("end\n"));
    assertFalse(stops.reached());
    assertEquals("", stops.append("\nmore"));
    assertTrue(stops.reached());
    assertEquals("", stops.append("and more") + stops.finish());
  }

  @Test
  void whatOnlyLookedLikeAStopTextIsGivenOut() {
    StopStrings stops = new StopStrings(List.of("abc"));
    assertEquals("x", stops.append("xab"));
    assertEquals("abd", stops.append("d"));
    assertEquals("", stops.append("ab"));
    assertEquals("ab", stops.finish());
  }

  @Test
  void theEarliestOfSeveralStopTextsEnds() {
    StopStrings stops = new StopStrings(List.of("three", "two"));
    assertEquals("one ", stops.append("one two three"));
  }

  @Test
  void anyTextInAnyPiecesEndsRightBeforeAStopText() {
    Random random = new Random(7);
    for (int round = 0; round < 2000; round++) {
      List<String> wanted = List.of(text(random, 1 + random.nextInt(3)), text(random, 2));
      String text = text(random, 12);
      StopStrings stops = new StopStrings(wanted);
      StringBuilder given = new StringBuilder();
      for (int at = 0; at < text.length(); ) {
        int next = Math.min(text.length(), at + 1 + random.nextInt(3));
        given.append(stops.append(text.substring(at, next)));
        at = next;
      }
      given.append(stops.finish());
      assertTrue(text.startsWith(given.toString()));
      assertTrue(wanted.stream().noneMatch(stop -> given.indexOf(stop) >= 0));
      String rest = text.substring(given.length());
      assertEquals(stops.reached(), wanted.stream().anyMatch(rest::startsWith), text + wanted);
      assertEquals(stops.reached(), wanted.stream().anyMatch(text::contains), text + wanted);
    }
  }

  private static String text(Random random, int length) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < length; i++) {
      text.append((char) ('a' + random.nextInt(2)));
    }
    return text.toString();
  }
}
