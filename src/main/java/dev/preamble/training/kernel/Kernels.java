package dev.preamble.training.kernel;

import dev.preamble.runtime.Kernel;
import java.util.List;

/** Every kernel that a training graph may name. */
public final class Kernels {
  public static final List<Kernel> ALL =
      List.of(
          Behind.KERNEL,
          GatherGradient.KERNEL,
          LogitBlock.KERNEL,
          LogitLoss.KERNEL,
          LogitSum.KERNEL,
          NormalisationGradient.KERNEL,
          SumLayerNormalisation.KERNEL,
          TanhGeluGradient.KERNEL);

  private Kernels() {}
}
