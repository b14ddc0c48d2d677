package dev.preamble.server;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.model.Manifest;
import dev.preamble.peft.AdapterConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** What the server promises: the OpenAPI description of all that it answers. */
final class Contract {
  private static final String FILE = "openapi.yaml";
  private static final String YAML = read();

  private Contract() {}

  private static String read() {
    try (InputStream file = Contract.class.getResourceAsStream(FILE)) {
      return new String(file.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException fault) {
      throw new UncheckedIOException(fault);
    }
  }

  static void send(Reply reply) {
    reply.text(200, "application/yaml", YAML);
  }

  /** Of the program, and of the formats that it reads. */
  static ObjectNode version() {
    return JsonNodeFactory.instance
        .objectNode()
        .put(
            "version",
            Optional.ofNullable(Contract.class.getPackage().getImplementationVersion())
                .orElse("(unpackaged)"))
        .put("peft", AdapterConfig.PEFT_VERSION)
        .put("model_format", Manifest.FORMAT_VERSION);
  }
}
