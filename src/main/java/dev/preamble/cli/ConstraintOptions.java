package dev.preamble.cli;

import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import dev.preamble.generation.sampling.Constraint;
import dev.preamble.generation.structured.Constraints;
import dev.preamble.model.FrozenModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** What an answer must be. */
final class ConstraintOptions {
  @ArgGroup private Form form;

  static final class Form {
    @Option(
        names = "--choice",
        paramLabel = "TEXT",
        description = "The answer is one of these texts; given once for each.")
    private List<String> choices = List.of();

    @Option(
        names = "--regex",
        paramLabel = "R",
        description = "The whole answer matches this regular expression.")
    private Optional<String> regex = Optional.empty();

    @Option(
        names = "--json-schema",
        paramLabel = "FILE",
        description = "The answer is JSON that satisfies the schema in this file.")
    private Optional<Path> schema = Optional.empty();
  }

  Optional<Constraint> constraint(FrozenModel model) {
    return Optional.ofNullable(form).map(given -> constraint(given, model));
  }

  private static Constraint constraint(Form given, FrozenModel model) {
    Constraints constraints = new Constraints(model.tokenBytes());
    return given
        .regex
        .map(constraints::regex)
        .or(() -> given.schema.map(file -> constraints.jsonSchema(read(file))))
        .orElseGet(() -> constraints.choice(given.choices));
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException fault) {
      throw new PreambleException(
          "cannot read %s as UTF-8 text: %s".formatted(file, WholeFile.reason(fault)), fault);
    }
  }
}
