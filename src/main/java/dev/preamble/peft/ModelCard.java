package dev.preamble.peft;

import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The README.md of an adapter, in the form that the Hub shows.
 *
 * @param text all of the file
 */
public record ModelCard(String text) {
  /** Stands in every card written here, so that saving again replaces it and no other README. */
  static final String MARK = "<!-- written by Preamble -->";

  /** Largest card read, in bytes. */
  private static final int CAP = 4 << 20;

  /** The card that stands in {@code directory}, to go with a copy; empty when none can be read. */
  public static Optional<ModelCard> in(Path directory) {
    Path readme = directory.resolve(AdapterFiles.README);
    try {
      return Files.isRegularFile(readme) && Files.size(readme) <= CAP
          ? Optional.of(new ModelCard(Files.readString(readme)))
          : Optional.empty();
    } catch (IOException unreadable) {
      return Optional.empty();
    }
  }

  /** A card that says what the adapter is and how it is loaded. */
  public static ModelCard of(Adapter adapter) {
    return of(adapter, Optional.empty());
  }

  /** The same with {@code results}, Markdown, such as a table of scores. */
  public static ModelCard of(Adapter adapter, String results) {
    return of(adapter, Optional.of(results));
  }

  private static ModelCard of(Adapter adapter, Optional<String> results) {
    AdapterConfig config = adapter.config();
    boolean causal = config.task().equals(Optional.of(TaskType.CAUSAL_LM));
    String base = config.baseModel().orElse("unknown");
    StringBuilder card = new StringBuilder("---\n");
    config
        .baseModel()
        .ifPresent(name -> card.append("base_model: ").append(yaml(name)).append('\n'));
    card.append("library_name: peft\n");
    if (causal) {
      card.append("pipeline_tag: text-generation\n");
    }
    card.append("tags:\n");
    config
        .baseModel()
        .ifPresent(
            name -> card.append("- ").append(yaml("base_model:adapter:" + name)).append('\n'));
    card.append("- preamble\n---\n").append(MARK).append("\n\n");
    card.append("# %s adapter for %s\n\n".formatted(config.method().peftType(), base));
    card.append(
        "%,d virtual tokens, %,d parameters, made for the frozen model `%s`.\n\n"
            .formatted(config.virtualTokens(), adapter.parameters(), base));
    results.ifPresent(text -> card.append("## Results\n\n").append(text.strip()).append("\n\n"));
    card.append("## Use\n\n");
    if (causal) {
      card.append(
          """
          ```python
          from peft import PeftModel
          from transformers import AutoModelForCausalLM

          base = AutoModelForCausalLM.from_pretrained(%s)
          model = PeftModel.from_pretrained(base, "path/to/this/folder")
          ```

          """
              .formatted(TextNode.valueOf(base)));
    }
    card.append("### Framework versions\n\n- PEFT ")
        .append(config.peftVersion().orElse(AdapterConfig.PEFT_VERSION));
    return new ModelCard(card.append('\n').toString());
  }

  /** A YAML scalar: plain where that is safe, else quoted as JSON, which is YAML too. */
  private static String yaml(String text) {
    return text.matches("[A-Za-z0-9][A-Za-z0-9._/:-]*") && !text.endsWith(":")
        ? text
        : TextNode.valueOf(text).toString();
  }
}
