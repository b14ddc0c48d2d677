package dev.preamble.model.chat;

/** {@code str.replace}. */
final class Replacing {
  private Replacing() {}

  /**
   * {@code text} with {@code with} for {@code old}; an empty {@code old} stands before each
   * character and at the end.
   *
   * @param count how often at most; below 0 for always
   */
  static String replace(String text, String old, String with, int count, Budget budget) {
    budget.search(text.length(), old.length());
    StringBuilder replaced = new StringBuilder();
    int kept = 0;
    int from = 0;
    for (int done = 0; done != count && from <= text.length(); done++) {
      int found = text.indexOf(old, from);
      if (found < 0) {
        break;
      }
      budget.work(with.length());
      replaced.append(text, kept, found).append(with);
      if (replaced.length() > Budget.OUTPUT) {
        break;
      }
      kept = found + old.length();
      from = old.isEmpty() ? behind(text, found) : kept;
    }
    budget.make((long) replaced.length() + text.length() - kept);
    return replaced.append(text, kept, text.length()).toString();
  }

  private static int behind(String text, int place) {
    return place < text.length() ? text.offsetByCodePoints(place, 1) : place + 1;
  }
}
