package dev.preamble.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.TextTokenizer;
import java.util.Set;
import java.util.function.BiFunction;

/** {@code /v1/tokenize} and {@code /v1/detokenize}: text to token ids and back. */
final class Tokens {
  private final FrozenModel frozen;
  private final Models models;
  private final ServerConfig.Limits limits;

  Tokens(FrozenModel frozen, Models models, ServerConfig.Limits limits) {
    this.frozen = frozen;
    this.models = models;
    this.limits = limits;
  }

  void tokenize(Exchange exchange) {
    answer(
        exchange,
        Set.of("model", "prompt", "add_special_tokens", "return_token_strs"),
        (fields, tokenizer) -> {
          String prompt = fields.text("prompt").orElseThrow(() -> fields.missing("prompt"));
          boolean special =
              fields.find("add_special_tokens").isEmpty() || fields.flag("add_special_tokens");
          int[] ids = tokenizer.encode(prompt, special);
          ObjectNode json =
              JsonNodeFactory.instance
                  .objectNode()
                  .put("count", ids.length)
                  .put("max_model_len", frozen.manifest().contextLength());
          ArrayNode tokens = json.putArray("tokens");
          for (int id : ids) {
            tokens.add(id);
          }
          if (fields.flag("return_token_strs")) {
            ArrayNode texts = json.putArray("token_strs");
            for (int id : ids) {
              texts.add(tokenizer.decode(false, id));
            }
          }
          return json;
        });
  }

  void detokenize(Exchange exchange) {
    answer(
        exchange,
        Set.of("model", "tokens", "skip_special_tokens"),
        (fields, tokenizer) -> {
          JsonNode list =
              fields.require("tokens", fields.required("tokens"), JsonNode::isArray, "token ids");
          int[] ids = new int[list.size()];
          for (int i = 0; i < ids.length; i++) {
            ids[i] = fields.wholeNumber("tokens[%d]".formatted(i), list.get(i), 0);
            int most = frozen.manifest().vocabularySize() - 1;
            if (ids[i] > most) {
              throw fields.bad(
                  "tokens", "expected token ids from 0 to %,d, found %,d".formatted(most, ids[i]));
            }
          }
          return JsonNodeFactory.instance
              .objectNode()
              .put("prompt", tokenizer.decode(fields.flag("skip_special_tokens"), ids));
        });
  }

  private void answer(
      Exchange exchange,
      Set<String> known,
      BiFunction<RequestBody, TextTokenizer, ObjectNode> answer) {
    exchange
        .body(limits)
        .compose(
            body ->
                exchange.work(
                    () -> {
                      RequestBody fields = RequestBody.parse(body.getBytes());
                      fields.only(known);
                      String model =
                          fields.text("model").orElseThrow(() -> fields.missing("model"));
                      exchange.record().model(models.find(model, exchange.caller()));
                      return answer.apply(fields, frozen.tokenizer());
                    }))
        .onFailure(exchange.reply()::fail)
        .onSuccess(json -> exchange.reply().json(200, json));
  }
}
