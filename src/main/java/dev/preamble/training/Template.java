package dev.preamble.training;

/**
 * How a text is put to the model: {@code {text}} stands for it, such as {@code {text} It was}.
 *
 * @param text the template
 */
public record Template(String text) {
  /** What stands for the row's text. */
  public static final String PLACE = "{text}";

  /** Refuses a template that would drop the text. */
  public Template {
    if (!text.contains(PLACE)) {
      throw new TrainingException(
          "Template \"%s\": expected %s where the row's text goes".formatted(text, PLACE));
    }
  }

  /** What stands before the row's text. */
  String before() {
    return text.substring(0, text.indexOf(PLACE));
  }

  /** What stands behind it. */
  String after() {
    return text.substring(text.lastIndexOf(PLACE) + PLACE.length());
  }

  /** The template with {@code row} in its place. */
  public String fill(String row) {
    return text.replace(PLACE, row);
  }
}
