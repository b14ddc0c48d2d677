package dev.preamble.cli;

import picocli.CommandLine.Command;

/** The commands that look at, copy and compare adapters. */
@Command(
    name = "adapter",
    mixinStandardHelpOptions = true,
    description = "Looks at, copies and compares PEFT adapters.",
    subcommands = {AdapterInspectCommand.class, AdapterCopyCommand.class, AdapterDiffCommand.class})
final class AdapterCommand {}
