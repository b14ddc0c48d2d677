package dev.preamble.cli;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** The trials of a sweep side by side, the best first. */
final class SweepTable {
  private SweepTable() {}

  static String text(List<Trial> done, Trial best, Path out) {
    List<String> swept = List.copyOf(best.values().keySet());
    boolean labels = best.hasLabels();
    StringBuilder text = new StringBuilder("\n");
    swept.forEach(key -> text.append("%-18s".formatted(key)));
    text.append(
        labels
            ? "%10s%10s".formatted("accuracy", "macro F1")
            : "%10s%10s".formatted("exact", "token F1"));
    text.append("%9s%10s%n".formatted("loss", "seconds"));
    done.stream()
        .sorted(Comparator.comparingDouble(Trial::value).reversed())
        .forEach(
            trial -> {
              swept.forEach(key -> text.append("%-18s".formatted(cut(trial.values().get(key)))));
              text.append(share(trial.tuned(labels ? "accuracy" : "exact")));
              text.append(share(trial.tuned(labels ? "macro_f1" : "token_f1")));
              text.append(
                  String.format(
                      Locale.ROOT, "%9.3f%10.1f%n", trial.tuned("loss"), trial.seconds()));
            });
    return text.append("%nthe best adapter is in %s: %s%n".formatted(out, best.settings()))
        .toString();
  }

  private static String share(double value) {
    return String.format(Locale.ROOT, "%8.1f %%", 100 * value);
  }

  private static String cut(String text) {
    return text.length() <= 16 ? text : text.substring(0, 15) + "…";
  }
}
