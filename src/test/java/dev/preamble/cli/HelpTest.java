package dev.preamble.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** The help of every command flows: no sentence is broken by hand, no line is wider than asked. */
class HelpTest {
  private static final int WIDTH = 80;

  static Stream<String> commands() {
    return all().stream().map(command -> command.getCommandSpec().qualifiedName());
  }

  private static List<CommandLine> all() {
    List<CommandLine> all = new ArrayList<>();
    Deque<CommandLine> open = new ArrayDeque<>(List.of(Preamble.commandLine()));
    while (!open.isEmpty()) {
      all.add(open.remove());
      open.addAll(all.getLast().getSubcommands().values());
    }
    return all;
  }

  @ParameterizedTest
  @MethodSource("commands")
  void helpFlows(String name) {
    CommandLine command =
        all().stream()
            .filter(each -> each.getCommandSpec().qualifiedName().equals(name))
            .findFirst()
            .orElseThrow();
    one(name, command.getCommandSpec().usageMessage().description());
    command
        .getCommandSpec()
        .options()
        .forEach(option -> one(name + " " + option.longestName(), option.description()));
    String help =
        command.setUsageHelpWidth(WIDTH).getUsageMessage(CommandLine.Help.Ansi.OFF).stripTrailing();
    assertTrue(!help.isEmpty() && help.lines().allMatch(line -> line.length() <= WIDTH), help);
  }

  private static void one(String what, String... description) {
    assertTrue(description.length <= 1, () -> what + ": " + Arrays.toString(description));
  }
}
