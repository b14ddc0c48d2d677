package dev.preamble.training;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Adafactor (Shazeer and Stern 2018) at a given learning rate: the arithmetic of transformers'
 * {@code Adafactor} with {@code scale_parameter} and {@code relative_step} off, as its trainer uses
 * it. Of the squared gradients of a matrix only the means of rows and columns are kept; an array of
 * more dimensions is a stack of matrices, its last two dimensions. An update's root mean square is
 * held below 1. Betas and epsilon of the settings are AdamW's and play no part.
 */
final class Adafactor implements ParameterOptimizer {
  private static final double DECAY_RATE = -0.8;
  private static final float EPSILON = 1e-30f;

  private final OptimizerConfig config;
  private final int matrices;
  private final int rows;
  private final int columns;
  private final float[] rowMeans;
  private final float[] columnMeans;
  private final float[] means;
  private final float[] update;

  /**
   * @param shape the parameter's dimensions; of one alone nothing is factored
   */
  Adafactor(OptimizerConfig config, List<Integer> shape) {
    this.config = config;
    int values = shape.stream().reduce(1, Math::multiplyExact);
    boolean factored = shape.size() >= 2;
    columns = factored ? shape.getLast() : values;
    rows = factored ? shape.get(shape.size() - 2) : 1;
    matrices = values == 0 ? 0 : values / (rows * columns);
    rowMeans = new float[factored ? matrices * rows : 0];
    columnMeans = new float[factored ? matrices * columns : 0];
    means = new float[factored ? 0 : values];
    update = new float[values];
  }

  @Override
  public void step(int step, float[] parameter, float[] gradient, double learningRate) {
    float keep = (float) (1 - Math.pow(step, DECAY_RATE));
    if (means.length > 0) {
      whole(gradient, keep);
    } else {
      for (int matrix = 0; matrix < matrices; matrix++) {
        factored(matrix, gradient, keep);
      }
    }
    double squares = 0;
    for (float value : update) {
      squares += (double) value * value;
    }
    float tooLong = Math.max(1f, (float) Math.sqrt(squares / update.length));
    float decay = (float) (config.weightDecay() * learningRate);
    float rate = (float) learningRate;
    for (int i = 0; i < parameter.length; i++) {
      parameter[i] -= parameter[i] * decay;
      parameter[i] -= update[i] / tooLong * rate;
    }
  }

  private void whole(float[] gradient, float keep) {
    for (int i = 0; i < gradient.length; i++) {
      means[i] = means[i] * keep + (gradient[i] * gradient[i] + EPSILON) * (1 - keep);
      update[i] = (float) (gradient[i] / Math.sqrt(means[i]));
    }
  }

  private void factored(int matrix, float[] gradient, float keep) {
    int start = matrix * rows * columns;
    double[] columnSums = new double[columns];
    double rowTotal = 0;
    for (int row = 0; row < rows; row++) {
      double sum = 0;
      for (int column = 0; column < columns; column++) {
        float g = gradient[start + row * columns + column];
        float square = g * g + EPSILON;
        sum += square;
        columnSums[column] += square;
      }
      int at = matrix * rows + row;
      rowMeans[at] = rowMeans[at] * keep + (float) (sum / columns) * (1 - keep);
      rowTotal += rowMeans[at];
    }
    for (int column = 0; column < columns; column++) {
      int at = matrix * columns + column;
      columnMeans[at] = columnMeans[at] * keep + (float) (columnSums[column] / rows) * (1 - keep);
    }
    double meanOfRows = rowTotal / rows;
    for (int row = 0; row < rows; row++) {
      double ofRow = 1 / Math.sqrt(rowMeans[matrix * rows + row] / meanOfRows);
      for (int column = 0; column < columns; column++) {
        int at = start + row * columns + column;
        double ofColumn = 1 / Math.sqrt(columnMeans[matrix * columns + column]);
        update[at] = (float) (ofRow * ofColumn * gradient[at]);
      }
    }
  }

  @Override
  public Map<String, float[]> state() {
    Map<String, float[]> state = new TreeMap<>();
    state.put("row_means", rowMeans);
    state.put("column_means", columnMeans);
    state.put("means", means);
    return state;
  }
}
