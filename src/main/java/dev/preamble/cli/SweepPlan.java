package dev.preamble.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * The trials of a sweep: which values the swept settings have in each. A setting's values are a
 * list, {@code 8,16,32}, or, in a random search, a range, {@code 0.001..0.1}, from which a rate is
 * drawn with its logarithm even and a number of tokens evenly.
 */
final class SweepPlan {
  /** What a sweep varies. */
  static final List<String> SWEPT = List.of("lr", "virtual-tokens", "init", "init-text");

  private final Map<String, Values> values = new LinkedHashMap<>();

  private sealed interface Values {
    String draw(Random random);

    record Listed(List<String> all) implements Values {
      @Override
      public String draw(Random random) {
        return all.get(random.nextInt(all.size()));
      }
    }

    record Range(double from, double to, boolean whole) implements Values {
      @Override
      public String draw(Random random) {
        if (whole) {
          return Integer.toString((int) from + random.nextInt((int) (to - from) + 1));
        }
        double drawn = from * Math.pow(to / from, random.nextDouble());
        return "%.3g".formatted(drawn).replace(',', '.');
      }
    }
  }

  /** Reads the values of the swept settings that {@code settings} has. */
  SweepPlan(Settings settings) {
    for (String key : SWEPT) {
      settings.text(key).ifPresent(text -> values.put(key, read(key, text)));
    }
  }

  private static Values read(String key, String text) {
    if (!key.equals("init-text") && text.contains("..")) {
      return range(key, text);
    }
    List<String> all =
        key.equals("init-text")
            ? List.of(text)
            : List.of(text.split(",")).stream().map(String::strip).toList();
    if (all.contains("")) {
      throw new UsageException(
          "--%s: expected values between commas, found \"%s\"".formatted(key, text));
    }
    return new Values.Listed(all);
  }

  private static Values range(String key, String text) {
    try {
      String[] ends = text.split("\\.\\.", 2);
      boolean whole = key.equals("virtual-tokens");
      double from = whole ? Integer.parseInt(ends[0]) : Double.parseDouble(ends[0]);
      double to = whole ? Integer.parseInt(ends[1]) : Double.parseDouble(ends[1]);
      if (!key.equals("init") && from > 0 && to >= from && Double.isFinite(to)) {
        return new Values.Range(from, to, whole);
      }
    } catch (NumberFormatException fault) {
      // Told below.
    }
    throw new UsageException(
        "--%s: expected a range such as 0.001..0.1, from low to high, found \"%s\""
            .formatted(key, text));
  }

  /** Every combination of the values. */
  List<Map<String, String>> grid() {
    List<Map<String, String>> trials = List.of(Map.of());
    for (Map.Entry<String, Values> setting : values.entrySet()) {
      if (!(setting.getValue() instanceof Values.Listed listed)) {
        throw new UsageException(
            "--%s: a range is for a random search; give --trials, or values between commas"
                .formatted(setting.getKey()));
      }
      List<Map<String, String>> longer = new ArrayList<>();
      for (Map<String, String> trial : trials) {
        for (String value : listed.all()) {
          longer.add(with(trial, setting.getKey(), value));
        }
      }
      trials = longer;
    }
    return trials;
  }

  /** {@code count} trials, each value drawn; no two are the same where that can be. */
  List<Map<String, String>> random(int count, long seed) {
    Random random = new Random(seed);
    List<Map<String, String>> trials = new ArrayList<>();
    for (int tries = 0; trials.size() < count && tries < 100 * count; tries++) {
      Map<String, String> trial = Map.of();
      for (Map.Entry<String, Values> setting : values.entrySet()) {
        trial = with(trial, setting.getKey(), setting.getValue().draw(random));
      }
      if (!trials.contains(trial)) {
        trials.add(trial);
      }
    }
    return trials;
  }

  private static Map<String, String> with(Map<String, String> trial, String key, String value) {
    Map<String, String> longer = new LinkedHashMap<>(trial);
    longer.put(key, value);
    return longer;
  }
}
