package dev.preamble.server;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.UUID;

/**
 * What an answer begins with, in all of its chunks the same.
 *
 * @param id the answer's id
 * @param created seconds since 1970
 * @param model the id of the model that was asked
 */
record AnswerHead(String id, long created, String model) {
  /** The head of a new answer, whose id begins with {@code kind}. */
  static AnswerHead of(String kind, String model) {
    return new AnswerHead(
        kind + "-" + UUID.randomUUID().toString().replace("-", ""),
        Instant.now().getEpochSecond(),
        model);
  }

  /** An answer, or a chunk of one, that says nothing yet. */
  ObjectNode json(String object) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", id)
        .put("object", object)
        .put("created", created)
        .put("model", model);
  }
}
