package dev.preamble.onnx.gradient;

import java.util.Map;

/** Every operator that can be differentiated, by {@link dev.preamble.onnx.Node#key}. */
final class GradientRules {
  static final Map<String, GradientRule> TABLE =
      Map.ofEntries(
          // Element by element
          Map.entry("Identity", ElementwiseRules::identity),
          Map.entry("Add", ElementwiseRules::add),
          Map.entry("Sub", ElementwiseRules::sub),
          Map.entry("Mul", ElementwiseRules::mul),
          Map.entry("Div", ElementwiseRules::div),
          Map.entry("Neg", ElementwiseRules::neg),
          Map.entry("Pow", ElementwiseRules::pow),
          Map.entry("Sqrt", ElementwiseRules::sqrt),
          Map.entry("Reciprocal", ElementwiseRules::reciprocal),
          Map.entry("Exp", ElementwiseRules::exp),
          Map.entry("Tanh", ElementwiseRules::tanh),
          Map.entry("Sigmoid", ElementwiseRules::sigmoid),
          Map.entry("Relu", ElementwiseRules::relu),
          Map.entry("Log", ElementwiseRules::log),
          Map.entry("Abs", ElementwiseRules::abs),
          Map.entry("Erf", ElementwiseRules::erf),
          Map.entry("Cast", ElementwiseRules::cast),
          Map.entry("Clip", ElementwiseRules::clip),
          Map.entry("Max", ElementwiseRules::extremum),
          Map.entry("Min", ElementwiseRules::extremum),
          Map.entry("Where", ElementwiseRules::where),
          Map.entry("Dropout", ElementwiseRules::dropout),
          // Activations
          Map.entry("Gelu", ActivationRules::gelu),
          Map.entry("com.microsoft:Gelu", ActivationRules::gelu),
          Map.entry("com.microsoft:FastGelu", ActivationRules::fastGelu),
          Map.entry("com.microsoft:QuickGelu", ActivationRules::quickGelu),
          // Products with frozen or active operands
          Map.entry("MatMul", ProductRules::matMul),
          Map.entry("com.microsoft:FusedMatMul", ProductRules::fusedMatMul),
          Map.entry("com.microsoft:MatMulNBits", ProductRules::matMulNBits),
          Map.entry("Gemm", ProductRules::gemm),
          // Elements that only move
          Map.entry("Reshape", MovementRules::reshape),
          Map.entry("Squeeze", MovementRules::reshape),
          Map.entry("Unsqueeze", MovementRules::reshape),
          Map.entry("Flatten", MovementRules::reshape),
          Map.entry("Transpose", MovementRules::transpose),
          Map.entry("Concat", MovementRules::concat),
          Map.entry("Slice", MovementRules::slice),
          Map.entry("Split", new SplitRule()),
          Map.entry("Expand", ElementwiseRules::identity),
          Map.entry("Gather", MovementRules::gather),
          Map.entry("GatherElements", MovementRules::gatherElements),
          Map.entry("GatherND", MovementRules::gatherRows),
          // Reductions and normalisations
          Map.entry("ReduceSum", ReductionRules::sum),
          Map.entry("ReduceMean", ReductionRules::mean),
          Map.entry("Softmax", ReductionRules::softmax),
          Map.entry("LogSoftmax", ReductionRules::logSoftmax),
          Map.entry("LayerNormalization", NormalisationRules::layer),
          Map.entry("SimplifiedLayerNormalization", NormalisationRules::rootMeanSquare),
          Map.entry("RotaryEmbedding", NormalisationRules::rotary));

  private GradientRules() {}
}
