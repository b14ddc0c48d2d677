package dev.preamble.cli;

import dev.preamble.generation.Candidates;
import dev.preamble.generation.Classification;
import dev.preamble.generation.Classifier;
import dev.preamble.generation.FittedAdapter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Texts that gather until the scores of one are asked for; then all are scored together. */
final class ClassifiedLines {
  private final Classifier classifier;
  private final List<Optional<FittedAdapter>> adapters;
  private List<Candidates> texts = new ArrayList<>();
  private Scores scores = new Scores();

  /** The scores of the texts that gathered together, once they are there. */
  private static final class Scores {
    private Optional<List<List<Classification>>> found = Optional.empty();
  }

  ClassifiedLines(Classifier classifier, List<Optional<FittedAdapter>> adapters) {
    this.classifier = classifier;
    this.adapters = adapters;
  }

  /**
   * Takes a text; the scores under each adapter are had by asking.
   *
   * @throws dev.preamble.generation.RequestException if it cannot be scored
   */
  Supplier<List<Classification>> add(Candidates text) {
    adapters.forEach(adapter -> classifier.check(text, adapter));
    int place = texts.size();
    texts.add(text);
    Scores mine = scores;
    return () -> {
      if (mine.found.isEmpty()) {
        mine.found = Optional.of(classifier.classify(texts, adapters));
        texts = new ArrayList<>();
        scores = new Scores();
      }
      return mine.found.get().get(place);
    };
  }
}
