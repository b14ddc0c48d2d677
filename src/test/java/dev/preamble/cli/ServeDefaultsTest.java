package dev.preamble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** Options of {@code serve} from a file and from the environment. */
class ServeDefaultsTest {
  @TempDir Path folder;

  private static CommandLine parsed(Map<String, String> environment, String... arguments) {
    CommandLine serve = new CommandLine(new ServeCommand());
    serve.setDefaultValueProvider(ServeDefaults.of(serve.getCommandSpec(), environment, arguments));
    serve.parseArgs(arguments);
    return serve;
  }

  private static Object value(CommandLine serve, String option) {
    return serve.getCommandSpec().findOption(option).getValue();
  }

  @Test
  void theCommandLineGoesFirstThenTheEnvironmentThenTheFile() throws Exception {
    Path file = folder.resolve("serve.yaml");
    Files.writeString(
        file, "model: from-file\nport: 1111\nhost: 127.0.0.3\ninsecure: true\nbody-bytes: 1m\n");
    Map<String, String> environment =
        Map.of("PREAMBLE_PORT", "2222", "PREAMBLE_HOST", "127.0.0.2", "PREAMBLE_CONFIG", "" + file);
    CommandLine serve = parsed(environment, "--port", "3333");
    assertEquals(3333, (int) value(serve, "--port"));
    assertEquals("127.0.0.2", value(serve, "--host"));
    assertEquals(Path.of("from-file"), value(serve, "--model"));
    assertEquals(true, value(serve, "--insecure"));
    assertEquals(1L << 20, (long) value(serve, "--body-bytes"));
    assertEquals(256L << 20, (long) value(serve, "--upload-bytes"), "said nowhere");
    CommandLine other = parsed(Map.of(), "--config=" + file);
    assertEquals(1111, (int) value(other, "--port"));
  }

  @Test
  void everyOptionMayStandInTheFile() throws Exception {
    CommandLine serve = new CommandLine(new ServeCommand());
    StringBuilder yaml = new StringBuilder();
    for (var option : serve.getCommandSpec().options()) {
      if (!option.usageHelp()
          && !option.versionHelp()
          && !option.longestName().equals("--config")) {
        boolean number = option.typeInfo().getType() != String.class;
        String value = option.longestName().equals("--device") ? "cpu" : number ? "1" : "text";
        yaml.append(option.longestName().substring(2))
            .append(": ")
            .append(option.typeInfo().isBoolean() ? "true" : value)
            .append('\n');
      }
    }
    Path file = folder.resolve("all.yaml");
    Files.writeString(file, yaml);
    CommandLine all = parsed(Map.of(), "--config", file.toString());
    assertEquals(1, (int) value(all, "--rows"));
    assertTrue(yaml.toString().lines().count() > 30, yaml::toString);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "prot: 80        | no option 'prot'",
        "help: true      | no option 'help'",
        "config: other   | no option 'config'",
        "port: [1, 2]    | one value",
        "port:           | one value",
        "just text       | expected lines such as",
        "port: 1         | cannot read",
        "'a: b: c'       | expected"
      })
  void aFileThatHoldsSomethingElseIsRefused(String yaml, String reason) throws Exception {
    Path file = folder.resolve("serve.yaml");
    if (!reason.equals("cannot read")) {
      Files.writeString(file, yaml);
    }
    UsageException fault =
        assertThrows(UsageException.class, () -> parsed(Map.of(), "--config", file.toString()));
    assertTrue(fault.getMessage().contains(reason), fault.getMessage());
    assertTrue(fault.getMessage().contains(file.toString()), fault.getMessage());
  }
}
