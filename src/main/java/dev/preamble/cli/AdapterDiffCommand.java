package dev.preamble.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.peft.Adapter;
import dev.preamble.peft.AdapterDiff;
import dev.preamble.peft.AdapterDiff.FieldDifference;
import dev.preamble.peft.AdapterDiff.TensorDifference;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code adapter diff A B}: what tells two adapters apart. */
@Command(
    name = "diff",
    mixinStandardHelpOptions = true,
    description = "Compares two adapters: fields, tensors, largest differences.",
    exitCodeListHeading = "Exit codes:%n",
    exitCodeList = {"0:they are equal", "1:they differ", "2:an adapter cannot be read"})
final class AdapterDiffCommand implements Callable<Integer> {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Spec private CommandSpec spec;

  @Parameters(index = "0", paramLabel = "A", description = "Folder of the first adapter.")
  private Path left;

  @Parameters(index = "1", paramLabel = "B", description = "Folder of the second adapter.")
  private Path right;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() {
    AdapterDiff diff = AdapterDiff.of(Adapter.open(left), Adapter.open(right));
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(report(diff).toPrettyString());
    } else {
      diff.fields().forEach(field -> out.println(text(field)));
      diff.tensors().forEach(tensor -> out.println(text(tensor)));
    }
    return diff.same() ? 0 : 1;
  }

  private static String text(FieldDifference field) {
    return "%-28s %s → %s"
        .formatted(field.name(), field.left().orElse("absent"), field.right().orElse("absent"));
  }

  private static String text(TensorDifference tensor) {
    String shapes =
        tensor.left().equals(tensor.right())
            ? tensor.left().orElse("")
            : tensor.left().orElse("absent") + " → " + tensor.right().orElse("absent");
    String values =
        tensor
            .distance()
            .map(
                distance ->
                    distance.differing() == 0
                        ? ", values equal"
                        : String.format(
                            Locale.ROOT,
                            ", %,d values differ, by at most %.3g (relative %.3g)",
                            distance.differing(),
                            distance.absolute(),
                            distance.relative()))
            .orElse("");
    return "%-28s %s%s".formatted(tensor.name(), shapes, values);
  }

  private static ObjectNode report(AdapterDiff diff) {
    ObjectNode report = JsonNodeFactory.instance.objectNode();
    report.put("same", diff.same());
    ObjectNode fields = report.putObject("fields");
    for (FieldDifference field : diff.fields()) {
      ObjectNode sides = fields.putObject(field.name());
      field.left().ifPresent(value -> sides.set("a", parsed(value)));
      field.right().ifPresent(value -> sides.set("b", parsed(value)));
    }
    ObjectNode tensors = report.putObject("tensors");
    for (TensorDifference tensor : diff.tensors()) {
      ObjectNode sides = tensors.putObject(tensor.name());
      put(sides, "a", tensor.left());
      put(sides, "b", tensor.right());
      tensor
          .distance()
          .ifPresent(
              distance ->
                  sides
                      .put("differing", distance.differing())
                      .put("max_absolute", distance.absolute())
                      .put("max_relative", distance.relative()));
    }
    return report;
  }

  private static void put(ObjectNode object, String name, Optional<String> value) {
    value.ifPresent(text -> object.put(name, text));
  }

  private static JsonNode parsed(String value) {
    try {
      return JSON.readTree(value);
    } catch (JsonProcessingException impossible) {
      throw new UncheckedIOException(impossible);
    }
  }
}
