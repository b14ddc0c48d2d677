package dev.preamble.cli;

import picocli.CommandLine.Command;

/** The commands that look at exported models. */
@Command(
    name = "model",
    mixinStandardHelpOptions = true,
    description = "Looks at exported models.",
    subcommands = ModelInspectCommand.class)
final class ModelCommand {}
