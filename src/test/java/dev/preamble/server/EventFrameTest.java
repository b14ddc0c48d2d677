package dev.preamble.server;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An event from a frame has the bytes that it has when all of it is made as JSON. */
class EventFrameTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " word",
        "\"quoted\" \\ and \n\r\t",
        "\u0000\u0001\u001F\u007F\u2028",
        "ä € \uD83D\uDE00",
        "half of a pair: \uD83D",
        EventFrame.GAP
      })
  void anyText(String text) {
    for (String id : new String[] {"plain", EventFrame.GAP, "\"text\":\"" + EventFrame.GAP}) {
      EventFrame frame = EventFrame.of(chunk(id, EventFrame.GAP));
      assertEquals(
          Reply.event(chunk(id, text).toString()).toString(), frame.around(text).toString());
    }
  }

  @Test
  void aFrameIsUsedAgainAndAgain() {
    EventFrame frame = EventFrame.of(chunk("id", EventFrame.GAP));
    assertEquals(frame.around("a").toString(), frame.around("a").toString());
    assertEquals(Reply.event(chunk("id", "b").toString()).toString(), frame.around("b").toString());
  }

  private static ObjectNode chunk(String id, String text) {
    ObjectNode chunk = JsonNodeFactory.instance.objectNode().put("model", id);
    chunk.putArray("choices").addObject().put("text", text).putNull("logprobs").put("index", 3);
    return chunk;
  }
}
