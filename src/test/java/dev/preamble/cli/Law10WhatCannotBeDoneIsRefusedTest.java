package dev.preamble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/**
 * Law 10: what a command cannot do it refuses with exit code 2, saying what is wrong; it prints no
 * result, no stack trace, and changes nothing. Over every command that there is.
 */
class Law10WhatCannotBeDoneIsRefusedTest {
  private static final String MODEL = "test-fixtures/stories260K";
  private static final String NO_MODEL = "no-such-model";
  private static final String NO_ADAPTER = "no-such-adapter";

  @TempDir static Path folder;

  private record Outcome(int code, String out, String err) {}

  /** What each command is given that it can do, but for one thing, and what its refusal names. */
  private static Map<String, List<String>> withoutItsFolder() {
    Map<String, List<String>> calls = new LinkedHashMap<>();
    calls.put("adapter inspect " + NO_ADAPTER, List.of(NO_ADAPTER));
    calls.put("adapter copy " + NO_ADAPTER + " " + folder.resolve("copy"), List.of(NO_ADAPTER));
    calls.put(
        "adapter diff " + NO_ADAPTER + " test-fixtures/adapters/prompt-llama", List.of(NO_ADAPTER));
    calls.put("adapter nearest " + NO_ADAPTER + " --model " + MODEL, List.of(NO_ADAPTER));
    calls.put("model inspect " + NO_MODEL, List.of(NO_MODEL));
    calls.put("tokenize --model " + NO_MODEL + " text", List.of(NO_MODEL));
    calls.put("score --model " + NO_MODEL + " --text a", List.of(NO_MODEL));
    calls.put("generate --model " + NO_MODEL + " --prompt a", List.of(NO_MODEL));
    calls.put("classify --model " + NO_MODEL + " --labels a,b --text a", List.of(NO_MODEL));
    calls.put(
        "evaluate --model " + MODEL + " --data " + folder.resolve("no-data.jsonl"),
        List.of("no-data.jsonl"));
    calls.put(
        "train --model %s --data %s --out %s"
            .formatted(MODEL, folder.resolve("no-data.jsonl"), folder.resolve("trained")),
        List.of("no-data.jsonl"));
    calls.put(
        "sweep --model %1$s --data %2$s --eval %2$s --out %3$s --lr 0.1"
            .formatted(MODEL, folder.resolve("no-data.jsonl"), folder.resolve("swept")),
        List.of("no-data.jsonl"));
    calls.put("serve --port 0 --model " + NO_MODEL, List.of(NO_MODEL));
    calls.put("bench serve --model " + NO_MODEL, List.of(NO_MODEL));
    calls.put("quickstart --port 70000 --out " + folder.resolve("quickstart"), List.of("70000"));
    calls.put("key new --file / --name me", List.of("/"));
    calls.put("key remove --file " + folder.resolve("none.yaml") + " --name me", List.of("none"));
    return calls;
  }

  @TestFactory
  Stream<DynamicTest> anUnknownOptionIsNamed() {
    return withoutItsFolder().keySet().stream()
        .map(
            call ->
                DynamicTest.dynamicTest(
                    call,
                    () -> refused(run(call + " --no-such-option"), List.of("--no-such-option"))));
  }

  @TestFactory
  Stream<DynamicTest> whatIsNotThereIsNamed() {
    return withoutItsFolder().entrySet().stream()
        .map(
            call ->
                DynamicTest.dynamicTest(
                    call.getKey(), () -> refused(run(call.getKey()), call.getValue())));
  }

  @Test
  void everyCommandIsAsked() {
    List<String> asked = withoutItsFolder().keySet().stream().toList();
    for (String command : commands()) {
      assertTrue(asked.stream().anyMatch(call -> call.startsWith(command + " ")), command);
    }
  }

  private static void refused(Outcome outcome, List<String> named) throws IOException {
    assertEquals(2, outcome.code(), outcome.toString());
    assertEquals("", outcome.out(), outcome.toString());
    named.forEach(part -> assertTrue(outcome.err().contains(part), outcome.err()));
    assertTrue(outcome.err().lines().count() <= 3, outcome.err());
    assertFalse(outcome.err().contains("\tat "), outcome.err());
    assertFalse(outcome.err().contains("Exception"), outcome.err());
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(List.of(), left.toList(), "left behind");
    }
  }

  private static List<String> commands() {
    List<String> found = new ArrayList<>();
    collect("", Preamble.commandLine(), found);
    return found;
  }

  private static void collect(String path, CommandLine command, List<String> found) {
    if (command.getSubcommands().isEmpty() && !path.isEmpty()) {
      found.add(path.strip());
    }
    command.getSubcommands().forEach((name, sub) -> collect(path + " " + name, sub, found));
  }

  private static Outcome run(String call) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code =
        Preamble.commandLine()
            .setOut(new PrintWriter(out, true))
            .setErr(new PrintWriter(err, true))
            .execute(call.split(" "));
    return new Outcome(code, out.toString(), err.toString());
  }
}
