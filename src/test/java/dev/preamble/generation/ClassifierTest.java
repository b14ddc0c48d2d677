package dev.preamble.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.model.FrozenModel;
import dev.preamble.model.Manifest;
import dev.preamble.peft.AdapterEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What the classifier says of a label is what the scorer says of the label's tokens. */
class ClassifierTest {
  private static final List<String> TEXTS =
      List.of(
          "The dog was", "Once upon a time there was a", "It", "She had cake. The day was very");
  private static final List<String> SINGLE = List.of(" a", " the", " to");
  private static final List<String> LONG =
      List.of(" happy", " sad and tired", " good", " blue sky");

  private final FrozenModel model = FrozenModel.open(Stories.SMALL);
  private final Classifier classifier = Classifier.open(model, 1);
  private final Scorer scorer = Scorer.open(model, 1);

  @AfterEach
  void close() {
    scorer.close();
    classifier.close();
    model.close();
  }

  @Test
  void labelsOfOneTokenAndOfSeveralScoreAsTheyDoAlone() {
    List<Optional<FittedAdapter>> kinds =
        List.of(Optional.empty(), Optional.of(Stories.fitted(model, 5, 1)), Optional.of(prefix(4)));
    assertTrue(candidates(TEXTS.getFirst(), SINGLE).singleTokens());
    for (Optional<FittedAdapter> adapter : kinds) {
      for (List<String> labels : List.of(SINGLE, LONG)) {
        List<Candidates> texts = TEXTS.stream().map(text -> candidates(text, labels)).toList();
        List<List<Classification>> found = classifier.classify(texts, List.of(adapter));
        for (int i = 0; i < texts.size(); i++) {
          check(texts.get(i), adapter, found.get(i).getFirst());
        }
      }
    }
  }

  @Test
  void severalAdaptersInOneBatchScoreAsEachAlone() {
    List<Optional<FittedAdapter>> rows =
        List.of(
            Optional.of(Stories.fitted(model, 5, 1)),
            Optional.of(Stories.fitted(model, 9, 2)),
            Optional.empty());
    List<Optional<FittedAdapter>> mixed = List.of(rows.getFirst(), Optional.of(prefix(4)));
    for (List<Optional<FittedAdapter>> adapters : List.of(rows, mixed)) {
      for (List<String> labels : List.of(SINGLE, LONG)) {
        List<Candidates> texts = TEXTS.stream().map(text -> candidates(text, labels)).toList();
        List<List<Classification>> found = classifier.classify(texts, adapters);
        for (int i = 0; i < texts.size(); i++) {
          for (int j = 0; j < adapters.size(); j++) {
            check(texts.get(i), adapters.get(j), found.get(i).get(j));
          }
        }
      }
    }
  }

  @Test
  void moreTextsThanAPassHoldsKeepTheirOrder() {
    Random random = new Random(2);
    List<Candidates> texts = new ArrayList<>();
    for (int i = 0; i < 150; i++) {
      texts.add(
          candidates("It was ".repeat(1 + random.nextInt(8)) + i, i % 3 == 0 ? LONG : SINGLE));
    }
    List<List<Classification>> found = classifier.classify(texts, List.of(Optional.empty()));
    for (int i = 0; i < texts.size(); i += 7) {
      check(texts.get(i), Optional.empty(), found.get(i).getFirst());
    }
  }

  @Test
  void probabilitiesSumToOneAndLengthCountsUnlessNormalised() {
    Classification scores =
        new Classification(
            List.of(new Classification.LabelScore(-2, 1), new Classification.LabelScore(-3, 3)));
    double plain = scores.probabilities(false).getFirst();
    assertEquals(1 / (1 + Math.exp(-1)), plain, 1e-12);
    assertEquals(1 / (1 + Math.exp(1)), scores.probabilities(true).getFirst(), 1e-12);
    assertEquals(1, plain + scores.probabilities(false).get(1), 1e-12);
  }

  @Test
  void anEnsembleVotesOrTakesTheMean() {
    List<List<Double>> opinions =
        List.of(List.of(0.51, 0.49), List.of(0.51, 0.49), List.of(0.1, 0.9));
    assertEquals(0, Ensemble.MAJORITY.choose(opinions));
    assertEquals(1, Ensemble.MEAN.choose(opinions));
    assertEquals(2.0 / 3, Ensemble.MAJORITY.combine(opinions).getFirst(), 1e-12);
    assertEquals(1.12 / 3, Ensemble.MEAN.combine(opinions).getFirst(), 1e-12);
    List<List<Double>> tied = List.of(List.of(0.6, 0.4), List.of(0.1, 0.9));
    assertEquals(1, Ensemble.MAJORITY.choose(tied), "of equal votes the mean decides");
  }

  @Test
  void whatCannotBeScoredIsRefused() {
    assertEquals("labels", refused(() -> candidates("a", List.of(" b"))).field());
    assertEquals("labels", refused(() -> candidates("a", List.of(" big", " big dog"))).field());
    assertEquals("labels", refused(() -> candidates("a", List.of(" b", " b"))).field());
    String text = "It was ".repeat(400);
    RequestException full =
        refused(() -> classifier.classify(candidates(text, SINGLE), Optional.empty()));
    assertEquals("text", full.field());
    assertTrue(full.getMessage().contains("context has 512 positions"), full.getMessage());
  }

  private static RequestException refused(Executable run) {
    return assertThrows(RequestException.class, run);
  }

  private void check(Candidates text, Optional<FittedAdapter> adapter, Classification found) {
    for (int label = 0; label < text.whole().size(); label++) {
      int[] whole = text.whole().get(label);
      double expected = 0;
      List<ScoredToken> scored = scorer.score(whole, adapter).tokens();
      for (ScoredToken token : scored.subList(text.common(), whole.length)) {
        expected += token.logProbability().getAsDouble();
      }
      assertEquals(expected, found.labels().get(label).logProbability(), 1e-4);
      assertEquals(whole.length - text.common(), found.labels().get(label).tokens());
    }
  }

  private Candidates candidates(String text, List<String> labels) {
    return Candidates.of(model.tokenizer(), text, labels);
  }

  /** An adapter of keys and values. */
  private FittedAdapter prefix(int count) {
    Manifest.KeyValue layer = model.manifest().keyValue().getFirst();
    int width = 2 * model.manifest().layers() * layer.heads() * layer.headSize();
    float[] values = new float[count * width];
    Random random = new Random(8);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (0.3 * random.nextGaussian());
    }
    AdapterEntry entry =
        new AdapterEntry.KeyValuePrefix(
            model.manifest().layers(), layer.heads(), layer.headSize(), count, values);
    return new FittedAdapter("prefix", "prefix", model.digest(), entry);
  }
}
