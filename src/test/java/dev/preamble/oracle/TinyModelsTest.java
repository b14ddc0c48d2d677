package dev.preamble.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.model.FrozenModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

class TinyModelsTest {
  @Test
  void thoseOfTheExporterAreAllNamed() {
    JsonNode names = Oracle.shared().call("tiny_models", Map.of()).path("names");
    assertEquals(
        TinyModels.NAMES,
        StreamSupport.stream(names.spliterator(), false).map(JsonNode::asText).toList());
  }

  @Test
  void aModelIsMadeOnceAndAgainWhenTheExporterHasChanged() throws IOException {
    Path model = TinyModels.exported("opt");
    try (FrozenModel opened = FrozenModel.open(model)) {
      assertEquals("opt", opened.manifest().architecture());
    }
    Path mark = Files.writeString(model.resolve("mark"), "");
    assertEquals(model, TinyModels.exported("opt"));
    assertTrue(Files.exists(mark), "made a second time without a reason");
    Path stamp = model.resolveSibling("opt.sources");
    String sources = Files.readString(stamp);
    Files.writeString(stamp, "other");
    TinyModels.exported("opt");
    assertTrue(Files.notExists(mark), "not made again");
    assertEquals(sources, Files.readString(stamp));
  }
}
