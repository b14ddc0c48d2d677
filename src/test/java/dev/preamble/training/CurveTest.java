package dev.preamble.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The picture of a run. */
class CurveTest {
  @TempDir Path folder;

  @Test
  void lossesAndScoresAreDrawnAsPngAndSvg() throws Exception {
    Curve curve = new Curve("runs/example learns rows.jsonl");
    Random random = new Random(2);
    curve.epoch(new TrainingListener.Epoch(0, 4, 0, Optional.of(scores(5, 0.46))));
    for (int step = 1; step <= 128; step++) {
      float loss = (float) (0.4 + 4.5 * Math.exp(-step / 20.0) + 0.3 * random.nextDouble());
      curve.step(new TrainingListener.Step(step, 128, loss, 1, 0.01, 16));
      if (step % 32 == 0) {
        double done = step / 128.0;
        curve.epoch(
            new TrainingListener.Epoch(
                step / 32, 4, loss, Optional.of(scores(1.2 - 0.8 * done, 0.6 + 0.35 * done))));
      }
    }
    assertEquals(Optional.empty(), curve.write(folder, "loss"));

    BufferedImage picture = ImageIO.read(folder.resolve("loss.png").toFile());
    Set<Integer> colours = new HashSet<>();
    for (int x = 0; x < picture.getWidth(); x++) {
      for (int y = 0; y < picture.getHeight(); y++) {
        colours.add(picture.getRGB(x, y) & 0xffffff);
      }
    }
    assertTrue(picture.getWidth() >= 800, "width " + picture.getWidth());
    assertTrue(colours.containsAll(Set.of(0x1f5fa8, 0xd95f02, 0x1b875a)), "all three lines");
    String svg = Files.readString(folder.resolve("loss.svg"));
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
    assertEquals(
        "svg",
        factory
            .newDocumentBuilder()
            .parse(folder.resolve("loss.svg").toFile())
            .getDocumentElement()
            .getTagName());
    assertTrue(svg.toLowerCase(Locale.ROOT).contains("rgb(31,95,168)"), "the line of the losses");
  }

  @Test
  void aRunWithoutStepsOrScoresHasAPictureToo() {
    assertEquals(Optional.empty(), new Curve("nothing").write(folder, "loss"));
    assertTrue(Files.exists(folder.resolve("loss.png")));
  }

  private static Evaluator.Scores scores(double loss, double accuracy) {
    return new Evaluator.Scores(
        300, loss, accuracy, accuracy, Optional.of(accuracy), Optional.of(accuracy));
  }
}
