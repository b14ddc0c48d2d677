package dev.preamble.cli;

import picocli.CommandLine.Command;

/** {@code bench}: measures this machine with a model. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = "Measures what this machine does with a model.",
    subcommands = BenchServeCommand.class)
final class BenchCommand {}
