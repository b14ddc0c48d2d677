package dev.preamble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.preamble.generation.Stories;
import dev.preamble.model.FrozenModel;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class BenchServeCommandTest {
  @TempDir Path folder;

  @Test
  void theReportCountsWhatTheWorkloadAskedFor() throws Exception {
    try (FrozenModel model = FrozenModel.open(Stories.SMALL)) {
      Stories.adapter(model, 4, 1).save(folder.resolve("one"));
      Stories.adapter(model, 7, 2).save(folder.resolve("two"));
    }
    JsonNode report =
        json(
            "--adapters",
            folder.toString(),
            "--requests",
            "12",
            "--rate",
            "200",
            "--cv",
            "2",
            "--input-tokens",
            "5:5",
            "--output-tokens",
            "3:3");
    assertEquals(12, report.get("requests").asInt());
    assertEquals(60, report.get("input_tokens").asInt());
    assertEquals(36, report.get("output_tokens").asInt());
    assertEquals(2, report.get("adapters").asInt());
    assertEquals(12, report.at("/first_token_milliseconds/count").asInt());
    assertEquals(24, report.at("/between_tokens_milliseconds/count").asInt());
    assertEquals(12, report.at("/prefixes/hits").asInt() + report.at("/prefixes/misses").asInt());
    double seconds = report.get("seconds").asDouble();
    assertEquals(36 / seconds, report.get("output_tokens_per_second").asDouble(), 1e-6);
    assertTrue(
        report.at("/first_token_milliseconds/p50").asDouble()
            <= report.at("/first_token_milliseconds/p99").asDouble());
  }

  @Test
  void withoutAdaptersTheModelIsMeasuredAsItIs() throws Exception {
    JsonNode report = json("--requests", "2", "--output-tokens", "2", "--input-tokens", "3");
    assertEquals(0, report.get("adapters").asInt());
    assertEquals(4, report.get("output_tokens").asInt());
  }

  private static JsonNode json(String... more) throws Exception {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine command = Preamble.commandLine();
    command.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    String[] first = {
      "bench", "serve", "--model", Stories.SMALL.toString(), "--threads", "1", "--json"
    };
    String[] all = Arrays.copyOf(first, first.length + more.length);
    System.arraycopy(more, 0, all, first.length, more.length);
    assertEquals(0, command.execute(all), err::toString);
    return new ObjectMapper().readTree(out.toString());
  }

  @Test
  void whatIsNoWorkloadIsRefused() {
    for (String[] wrong :
        new String[][] {
          {"--requests", "0"},
          {"--input-tokens", "9:3"},
          {"--output-tokens", "few"},
          {"--cache-bytes", "2 GB"},
          {"--adapters", "no/such/folder"}
        }) {
      StringWriter err = new StringWriter();
      CommandLine command = Preamble.commandLine().setErr(new PrintWriter(err));
      int code =
          command.execute(
              "bench", "serve", "--model", Stories.SMALL.toString(), wrong[0], wrong[1]);
      assertEquals(2, code, err::toString);
    }
  }

  @Test
  void arrivalsAndPopularityFollowTheirDistributions() {
    Workload workload =
        new Workload(40_000, 10, 0.5, 1, new Workload.Range(2, 9), new Workload.Range(1, 1));
    List<Workload.Request> drawn = workload.draw(4, new SplittableRandom(3));
    double[] between = new double[drawn.size() - 1];
    int[] wanted = new int[4];
    double squares = 0;
    for (int i = 1; i < drawn.size(); i++) {
      between[i - 1] = drawn.get(i).arrival() - drawn.get(i - 1).arrival();
      squares += Math.pow(between[i - 1] - 0.1, 2);
      wanted[drawn.get(i).adapter()]++;
    }
    double mean = drawn.getLast().arrival() / drawn.size();
    assertEquals(0.1, mean, 0.001);
    assertEquals(0.5, Math.sqrt(squares / between.length) / 0.1, 0.02);
    assertEquals(2.0, (double) wanted[0] / wanted[1], 0.1);
    assertEquals(4.0, (double) wanted[0] / wanted[3], 0.25);
    assertEquals(
        5.5, drawn.stream().mapToInt(Workload.Request::input).average().orElseThrow(), 0.1);
  }

  @Test
  void percentilesAreThoseOfTheSortedTimes() {
    List<Long> times = new SplittableRandom(1).longs(1000, 0, 1000).boxed().toList();
    List<Long> sorted = times.stream().sorted().toList();
    Percentiles found = Percentiles.of(times);
    assertEquals(sorted.get(499) / 1e6, found.p50());
    assertEquals(sorted.get(899) / 1e6, found.p90());
    assertEquals(sorted.get(989) / 1e6, found.p99());
  }
}
