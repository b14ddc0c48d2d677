package dev.preamble;

/** What a parser of JSON or YAML finds wrong with a text, as users are told it. */
public final class ParserMessage {
  private ParserMessage() {}

  /** The first line of {@code message}, without the parser's remarks on its own settings. */
  public static String brief(String message) {
    String first = message.lines().findFirst().orElse("malformed");
    int remark = first.indexOf(" (start marker at ");
    return remark < 0 ? first : first.substring(0, remark);
  }
}
