package dev.preamble.generation.structured;

/** A JSON schema that is malformed or uses what is not had here. */
final class SchemaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * @param place where in the schema, as a JSON pointer behind #
   */
  SchemaException(String place, String what) {
    super("%s: %s".formatted(place, what));
  }
}
