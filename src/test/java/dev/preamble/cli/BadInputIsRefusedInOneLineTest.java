package dev.preamble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.generation.Stories;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/**
 * Each command is given several inputs that it can do nothing with: torn, empty, binary or wrong
 * files, numbers out of range, folders in place of files. It refuses each with code 2 in one line
 * that names what is wrong, and leaves nothing behind.
 */
class BadInputIsRefusedInOneLineTest {
  /** Inputs that each command is given at least. */
  private static final int LEAST = 5;

  /**
   * A call, and behind the arrow what its refusal says. IN is the folder of bad files, OUT that of
   * outputs, MODEL and ADAPTERS are good ones.
   */
  private static final List<String> CALLS =
      """
      tokenize --model MODEL -> Missing required parameter: 'TEXT'
      tokenize --model IN/folder a -> found no preamble.json
      tokenize --model IN/torn-manifest a -> preamble.json: not a manifest
      tokenize --model IN/bad-tokenizer a -> expected a Hugging Face tokenizer.json
      tokenize --model IN/empty a -> found a file
      model inspect IN/folder -> found no preamble.json
      model inspect IN/empty -> found a file
      model inspect IN/torn-manifest -> not a manifest
      model inspect IN/no-graph -> preamble.onnx: cannot be read: no such file or folder
      model inspect IN/bad-graph -> expected an ONNX model
      model inspect IN/short-weights -> fetch the file again
      score --model MODEL --text= -> --text: expected a text to score
      score --model MODEL --token-ids 1,600 -> --token-ids: expected token ids from 0 to 511, found 600
      score --model MODEL --token-ids a -> expected a whole number, found 'a'
      score --model MODEL --text a --threads 0 -> --threads: expected at least 1, found 0
      score --model MODEL --text a --adapter IN/torn-tensors -> the file is truncated
      score --model MODEL --text a --adapter ADAPTERS/prompt-llama -> rows of width 32
      score --model MODEL --file IN/binary.jsonl -> expected UTF-8 text
      score --model MODEL --file IN/wrong.jsonl -> line 1: expected an object
      score --model MODEL --file IN/torn.jsonl -> line 1: expected JSON
      score --model MODEL --file IN/folder -> Is a directory
      score --model MODEL --text a --logits-out IN/empty/x -> is a file, not a folder
      score --model MODEL --text a --logits-out IN/folder -> a file name was expected
      generate --model MODEL -> Missing required argument
      generate --model MODEL --token-ids 600 -> --token-ids: expected token ids
      generate --model MODEL --prompt a --max-tokens 0 -> --max-tokens: expected at least 1
      generate --model MODEL --prompt a --max-tokens 100000 -> --max-tokens: the model's context
      generate --model MODEL --prompt a --temperature 0,5 -> expected a number, found '0,5'
      generate --model MODEL --prompt a --temperature -1 -> --temperature: expected
      generate --model MODEL --prompt a --top-p 2 -> --top-p: expected
      generate --model MODEL --prompt a --regex ( -> --regex: expected )
      generate --model MODEL --prompt a --alternatives 100 --json -> --alternatives: expected
      generate --model MODEL --prompt a --n 0 -> --n: expected at least 1
      generate --model MODEL --prompt a --adapter IN/folder -> no adapter_config.json
      generate --model IN/short-weights --prompt a -> fetch the file again
      generate --model MODEL --file IN/folder --out OUT/answers -> found a folder
      generate --model MODEL --file IN/none --out OUT/answers -> no such file or folder
      classify --model MODEL --text a --labels a -> expected at least two
      classify --model MODEL --text a --labels a,a -> each label once
      classify --model MODEL --text= --labels a,b -> --text: expected a text to classify
      classify --model MODEL --text a --labels a,b --ensemble x -> --ensemble: expected one of
      classify --model MODEL --text a --labels a,b --adapter IN/torn-config -> not valid JSON
      classify --model MODEL --text a --labels a,b --threads 0 -> --threads: expected
      classify --model MODEL --file IN/folder --out OUT/answers --labels a,b -> found a folder
      adapter inspect IN/torn-tensors -> the file is truncated
      adapter inspect IN/torn-config -> not valid JSON (line 1
      adapter inspect IN/folder -> no adapter_config.json
      adapter inspect IN/empty -> is a file
      adapter inspect -> Missing required parameter
      adapter copy IN/torn-tensors OUT/copy -> the file is truncated
      adapter copy IN/torn-config OUT/copy -> not valid JSON
      adapter copy IN/folder OUT/copy -> no adapter_config.json
      adapter copy ADAPTERS/prompt-llama IN/empty -> cannot write
      adapter copy ADAPTERS/prompt-llama -> Missing required parameter
      adapter diff ADAPTERS/prompt-llama -> Missing required parameter
      adapter diff ADAPTERS/prompt-llama IN/torn-tensors -> the file is truncated
      adapter diff IN/torn-config ADAPTERS/prompt-llama -> not valid JSON
      adapter diff ADAPTERS/prompt-llama IN/empty -> is a file
      adapter diff ADAPTERS/prompt-llama IN/none -> there is no folder
      adapter nearest ADAPTERS/prompt-llama -> Missing required option: '--model=DIR'
      adapter nearest ADAPTERS/prompt-llama --model MODEL -> rows of width 32
      adapter nearest ADAPTERS/prompt-llama --model MODEL --top 0 -> --top: expected 1 to
      adapter nearest ADAPTERS/prompt-llama --model IN/folder -> found no preamble.json
      adapter nearest IN/torn-tensors --model MODEL -> the file is truncated
      bench serve --model MODEL --requests 0 -> expected at least 1 request
      bench serve --model MODEL --rate -1 -> a rate of at least 0
      bench serve --model MODEL --adapters IN/folder -> expected a folder whose sub-folders
      bench serve --model MODEL --adapters IN/none -> no such file or folder
      bench serve --model MODEL --input-tokens 9:1 -> expected LEAST:MOST from 1 on
      bench serve --model MODEL --input-tokens a:b -> expected LEAST:MOST
      bench serve --model MODEL --rows 0 -> rows of an engine: expected at least 1
      bench serve --model MODEL --cache-bytes 5x -> expected a number of bytes
      evaluate --model MODEL -> --data: expected a value
      evaluate --model MODEL --data IN/empty.jsonl -> expected at least one row
      evaluate --model MODEL --data IN/folder -> Is a directory
      evaluate --model MODEL --data IN/binary.jsonl -> line 1: expected UTF-8 text
      evaluate --model MODEL --data IN/wrong.jsonl -> line 1: expected fields
      evaluate --model MODEL --data IN/torn.jsonl -> line 1: expected JSON
      evaluate --model MODEL --data IN/rows.jsonl --threads 0 -> --threads: expected
      evaluate --model MODEL --data IN/rows.jsonl --adapter IN/folder -> no adapter_config.json
      train --model MODEL --data IN/empty.jsonl --out OUT/run -> expected at least one row
      train --model MODEL --data IN/torn.jsonl --out OUT/run -> line 1: expected JSON
      train --model MODEL --data IN/rows.jsonl --out IN/empty -> --out: expected a folder
      train --model MODEL --data IN/rows.jsonl --out OUT/run --lr -1 -> learning rate: expected
      train --model MODEL --data IN/rows.jsonl --out OUT/run --epochs 0 -> epochs: expected
      train --model MODEL --data IN/rows.jsonl --out OUT/run --method lora -> --method: expected
      train --model MODEL --data IN/rows.jsonl --out OUT/run --virtual-tokens 511 -> 1 to 510
      train --model MODEL --data IN/rows.jsonl --out OUT/run --eval IN/torn.jsonl -> line 1
      train --model MODEL --data IN/rows.jsonl --out OUT/run --threads 0 -> --threads: expected
      train --config IN/torn.yaml --out OUT/run -> no YAML
      train --config IN/unknown.yaml --out OUT/run -> unknown setting nonsense
      train --resume --out IN/folder -> expected an unfinished run
      sweep --model MODEL --data IN/rows.jsonl --out OUT/sweep -> rows of --eval; give it
      sweep --model MODEL --data IN/rows.jsonl --eval IN/rows.jsonl --out OUT/sweep --lr x -> --lr
      sweep --model MODEL --data IN/rows.jsonl --eval IN/rows.jsonl --out OUT/sweep --lr -1 -> > 0
      sweep --model MODEL --data IN/rows.jsonl --eval IN/rows.jsonl --out IN/empty -> --out
      sweep --model MODEL --data IN/rows.jsonl --eval IN/torn.jsonl --out OUT/sweep -> line 1
      sweep --model MODEL --data IN/rows.jsonl --eval IN/rows.jsonl --out OUT/s --trials 0 -> 1 or
      quickstart --port x -> expected a whole number, found 'x'
      quickstart --port 70000 --out OUT/quickstart -> expected 0 to 65535
      quickstart --port -1 --out OUT/quickstart -> expected 0 to 65535
      quickstart --out IN/empty --no-serve -> --out: expected a folder
      quickstart --threads 0 --no-serve --out OUT/quickstart -> --threads: expected
      serve --port 0 -> Missing required option: '--model=DIR'
      serve --model MODEL --port 70000 -> expected 0 to 65535
      serve --model MODEL --port 0 --adapters IN/empty -> found a file
      serve --model MODEL --port 0 --api-key-file IN/torn.yaml -> expected YAML
      serve --model MODEL --port 0 --tls-cert IN/empty -> go together
      serve --model MODEL --port 0 --tls-cert IN/empty --tls-key IN/empty -> server's certificate
      serve --model MODEL --port 0 --rows 0 -> rows of an engine: expected at least 1
      serve --model MODEL --port 0 --queue 0 -> expected at least 1
      serve --model MODEL --port 0 --cache-bytes 1 -> cache
      serve --model IN/bad-graph --port 0 -> expected an ONNX model
      serve --config IN/torn.yaml -> expected YAML
      serve --config IN/unknown.yaml -> no option 'nonsense'
      key new --file OUT/keys --name= -> name: expected
      key new --file OUT/keys --name me --role king -> role: expected
      key new --file IN/torn.yaml --name me -> expected YAML
      key new --file IN/folder --name me -> Is a directory
      key new --name me -> Missing required option
      key remove --file IN/torn.yaml --name me -> expected YAML
      key remove --file IN/empty --name me -> expected YAML
      key remove --file IN/none --name me -> no such file
      key remove --file IN/folder --name me -> Is a directory
      key remove --name me -> Missing required option
      """
          .lines()
          .toList();

  @TempDir static Path in;
  @TempDir static Path out;

  @BeforeAll
  static void badFiles() throws IOException {
    byte[] noise = new byte[300];
    new Random(1).nextBytes(noise);
    noise[0] = (byte) 0xFF;
    Files.createDirectory(in.resolve("folder"));
    Files.write(in.resolve("binary.jsonl"), noise);
    Map<String, String> texts = new HashMap<>();
    texts.put("empty", "");
    texts.put("empty.jsonl", "");
    texts.put("wrong.jsonl", "{\"text\": 1}\n");
    texts.put("torn.jsonl", "{\n");
    texts.put("rows.jsonl", "{\"prompt\": \"Once\", \"completion\": \" upon\"}\n");
    texts.put("torn.yaml", "a: [\n");
    texts.put("unknown.yaml", "nonsense: 1\n");
    for (Map.Entry<String, String> text : texts.entrySet()) {
      Files.writeString(in.resolve(text.getKey()), text.getValue());
    }
    Files.writeString(model("torn-manifest").resolve("preamble.json"), "{");
    Files.writeString(model("bad-tokenizer").resolve("tokenizer.json"), "{");
    Files.delete(model("no-graph").resolve("preamble.onnx"));
    Files.write(model("bad-graph").resolve("preamble.onnx"), noise);
    cut(model("short-weights").resolve("model.safetensors"));
    Path adapter = Path.of("test-fixtures/adapters/prompt-llama");
    Files.writeString(copy(adapter, "torn-config").resolve("adapter_config.json"), "{");
    cut(copy(adapter, "torn-tensors").resolve("adapter_model.safetensors"));
  }

  private static Path model(String name) throws IOException {
    return copy(Stories.SMALL, name);
  }

  private static Path copy(Path folder, String name) throws IOException {
    Path copy = Files.createDirectory(in.resolve(name));
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    return copy;
  }

  private static void cut(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length - 9));
  }

  @TestFactory
  Stream<DynamicTest> refused() {
    return CALLS.stream()
        .map(line -> line.split(" -> "))
        .map(call -> DynamicTest.dynamicTest(call[0], () -> refused(call[0], call[1])));
  }

  private static void refused(String call, String reason) throws IOException {
    Object[] arguments =
        Arrays.stream(call.split(" "))
            .map(BadInputIsRefusedInOneLineTest::path)
            .toArray(Object[]::new);
    List<Path> before = files();
    Run run = Run.of(arguments);
    assertEquals(2, run.code(), run.toString());
    assertEquals("", run.out());
    assertEquals(1, run.err().strip().lines().count(), run.err());
    assertTrue(run.err().startsWith("preamble: "), run.err());
    assertTrue(run.err().contains(reason), run.err());
    for (String inside : List.of("Exception", "REDACTED", "\tat ", "Error: ")) {
      assertFalse(run.err().contains(inside), run.err());
    }
    assertEquals(before, files(), "left behind");
  }

  private static String path(String argument) {
    return argument
        .replaceFirst("^IN/", in + "/")
        .replaceFirst("^OUT/", out + "/")
        .replaceFirst("^MODEL$", Stories.SMALL.toString())
        .replaceFirst("^ADAPTERS/", "test-fixtures/adapters/");
  }

  private static List<Path> files() throws IOException {
    try (Stream<Path> ins = Files.walk(in);
        Stream<Path> outs = Files.walk(out)) {
      return Stream.concat(ins, outs).sorted().toList();
    }
  }

  @Test
  void everyCommandIsGivenSeveral() {
    for (String command : commands("", Preamble.commandLine())) {
      long given = CALLS.stream().filter(call -> call.startsWith(command + " ")).count();
      assertTrue(given >= LEAST, command + " is given " + given);
    }
  }

  private static List<String> commands(String path, CommandLine command) {
    List<String> found = new ArrayList<>();
    command
        .getSubcommands()
        .forEach(
            (name, sub) -> {
              found.addAll(commands(path + name + " ", sub));
              if (sub.getSubcommands().isEmpty()) {
                found.add(path + name);
              }
            });
    return found;
  }
}
