package dev.preamble.peft;

import java.util.Optional;

/**
 * The frozen model that an adapter is made for.
 *
 * @param name Hub name or path, written as {@code base_model_name_or_path}
 * @param revision revision on the Hub, when the model was fetched by one
 * @param shape its dimensions
 */
public record BaseModel(String name, Optional<String> revision, ModelShape shape) {
  /** A model without a revision. */
  public BaseModel(String name, ModelShape shape) {
    this(name, Optional.empty(), shape);
  }
}
