package dev.preamble.cli;

import picocli.CommandLine.Command;

/** {@code key}: the keys that a server lets in. */
@Command(
    name = "key",
    mixinStandardHelpOptions = true,
    description = "Makes and removes keys that 'serve --api-key-file' lets in.",
    subcommands = {KeyNewCommand.class, KeyRemoveCommand.class})
final class KeyCommand {}
