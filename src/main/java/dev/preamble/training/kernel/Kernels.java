package dev.preamble.training.kernel;

import dev.preamble.runtime.Kernel;
import java.util.List;

/** Every kernel that a training graph may name. */
public final class Kernels {
  public static final List<Kernel> ALL =
      List.of(
          new Behind(),
          new GatedSiluGradient(),
          new LogitBlock(),
          new LogitLoss(),
          new LogitSum(),
          new NormalisationGradient(),
          new SumLayerNormalisation(),
          new TanhGeluGradient());

  private Kernels() {}
}
