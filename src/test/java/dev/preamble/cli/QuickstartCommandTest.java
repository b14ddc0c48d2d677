package dev.preamble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.preamble.model.FrozenModel;
import dev.preamble.oracle.Oracle;
import dev.preamble.training.Dataset;
import dev.preamble.training.Example;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The quickstart's table, and that PEFT gives its adapter the same accuracy. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class QuickstartCommandTest {
  private JsonNode report;

  @BeforeAll
  void tune(@TempDir Path folder) throws IOException {
    StringWriter out = new StringWriter();
    int code =
        Preamble.commandLine()
            .setOut(new PrintWriter(out, true))
            .execute("quickstart", "--no-serve", "--json", "--out", folder.toString());
    assertEquals(0, code);
    report = new ObjectMapper().readTree(out.toString());
  }

  @Test
  void theTunedPromptBeatsBaseAndHardPrompt() {
    assertEquals(0.463, accuracy("base_model"), 0.01);
    assertEquals(0.580, accuracy("hard_prompt"), 0.01);
    assertTrue(accuracy("tuned_prompt") > 0.92, report.toString());
    assertTrue(
        report.at("/scores/tuned_prompt/exact").asDouble() > 0.92,
        "the word is the likeliest of the whole vocabulary: " + report);
  }

  @Test
  void peftGivesTheAdapterTheSameAccuracy() {
    Path model = Path.of("test-fixtures/stories15M");
    try (FrozenModel opened = FrozenModel.open(model)) {
      Dataset test = new QuickstartTask(opened).test();
      JsonNode answer =
          Oracle.shared()
              .call(
                  "accuracy",
                  Map.of(
                      "model", model.toAbsolutePath().toString(),
                      "adapter", report.get("adapter").asText(),
                      "rows", test.examples().stream().map(Example::prompt).toList(),
                      "label_token_ids", test.labels().orElseThrow().tokens(),
                      "answers", answers(test.examples()),
                      "batch_size", 32));
      assertEquals(accuracy("tuned_prompt"), answer.get("accuracy").asDouble(), 0.004);
      assertEquals(
          report.at("/scores/tuned_prompt/exact").asDouble(),
          answer.get("unrestricted").asDouble(),
          0.004);
    }
  }

  private double accuracy(String of) {
    return report.at("/scores/" + of + "/accuracy").asDouble();
  }

  private static List<Integer> answers(List<Example> examples) {
    return examples.stream().map(example -> example.label().getAsInt()).toList();
  }
}
