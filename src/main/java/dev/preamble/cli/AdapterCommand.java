package dev.preamble.cli;

import picocli.CommandLine.Command;

/** The commands that look at, copy and compare adapters. */
@Command(
    name = "adapter",
    mixinStandardHelpOptions = true,
    description = "Looks at, copies, compares and reads PEFT adapters.",
    subcommands = {
      AdapterInspectCommand.class,
      AdapterCopyCommand.class,
      AdapterDiffCommand.class,
      AdapterNearestCommand.class
    })
final class AdapterCommand {}
