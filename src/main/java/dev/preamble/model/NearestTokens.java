package dev.preamble.model;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.LongConsumer;

/**
 * The vocabulary's entries nearest to a row that enters the model in a token's place: a window into
 * a prompt that nobody can read. Tokens are taken as they enter the model, with its embedding
 * scale.
 *
 * @param norm length of the row
 * @param byCosine the entries with the greatest cosine of the angle to the row, greatest first;
 *     none for a row of zeros; entries of zeros are left out
 * @param byDistance the entries with the least Euclidean distance to the row, least first
 */
public record NearestTokens(double norm, List<Neighbour> byCosine, List<Neighbour> byDistance) {
  /** Rows of the table that are read at a time. */
  private static final int CHUNK = 256;

  /** A token and its cosine or distance. */
  public record Neighbour(int token, double value) {}

  /** Copies the lists. */
  public NearestTokens {
    byCosine = List.copyOf(byCosine);
    byDistance = List.copyOf(byDistance);
  }

  /**
   * The nearest entries of {@code table} for each of {@code rows}.
   *
   * @param rows float [count, width]
   * @param top entries wanted of each row and measure
   * @param progress told the number of entries compared with each piece
   */
  public static List<NearestTokens> of(
      EmbeddingTable table, float[] rows, int top, LongConsumer progress) {
    int width = table.width();
    List<Search> searches = new ArrayList<>();
    for (int from = 0; from < rows.length; from += width) {
      searches.add(new Search(rows, from, width, top));
    }
    float[] entries = new float[CHUNK * width];
    for (int start = 0; start < table.vocabularySize(); start += CHUNK) {
      int count = Math.min(CHUNK, table.vocabularySize() - start);
      for (int i = 0; i < count; i++) {
        table.copy(start + i, MemorySegment.ofArray(entries), i);
        double squares = dot(entries, i * width, entries, i * width, width);
        for (Search search : searches) {
          search.offer(start + i, entries, i * width, squares);
        }
      }
      progress.accept(count);
    }
    return searches.stream().map(Search::result).toList();
  }

  /** The sum of products, in eight partial sums that the processor can add at once. */
  private static double dot(float[] left, int from, float[] right, int to, int width) {
    float[] sums = new float[8];
    int i = 0;
    for (; i + 8 <= width; i += 8) {
      for (int lane = 0; lane < 8; lane++) {
        sums[lane] += left[from + i + lane] * right[to + i + lane];
      }
    }
    double sum = 0;
    for (; i < width; i++) {
      sum += (double) left[from + i] * right[to + i];
    }
    for (float part : sums) {
      sum += part;
    }
    return sum;
  }

  /** The best found so far for one row; the worst of them stands at the head of its queue. */
  private static final class Search {
    private final float[] rows;
    private final int from;
    private final int width;
    private final int top;
    private final double squares;
    private final PriorityQueue<Neighbour> cosines =
        new PriorityQueue<>(Comparator.comparingDouble(Neighbour::value));
    private final PriorityQueue<Neighbour> distances =
        new PriorityQueue<>(Comparator.comparingDouble(Neighbour::value).reversed());

    Search(float[] rows, int from, int width, int top) {
      this.rows = rows;
      this.from = from;
      this.width = width;
      this.top = top;
      this.squares = dot(rows, from, rows, from, width);
    }

    void offer(int token, float[] entries, int entry, double entrySquares) {
      double product = dot(rows, from, entries, entry, width);
      if (squares > 0 && entrySquares > 0) {
        offer(cosines, new Neighbour(token, product / Math.sqrt(squares * entrySquares)));
      }
      double distance = Math.sqrt(Math.max(0, squares - 2 * product + entrySquares));
      offer(distances, new Neighbour(token, distance));
    }

    private void offer(PriorityQueue<Neighbour> best, Neighbour candidate) {
      if (best.size() < top) {
        best.add(candidate);
      } else if (best.comparator().compare(candidate, best.element()) > 0) {
        best.remove();
        best.add(candidate);
      }
    }

    NearestTokens result() {
      return new NearestTokens(Math.sqrt(squares), ordered(cosines), ordered(distances));
    }

    /** The best first; of equal ones the lower token. */
    private static List<Neighbour> ordered(PriorityQueue<Neighbour> best) {
      Comparator<? super Neighbour> worseFirst = best.comparator();
      return best.stream()
          .sorted(
              ((Comparator<Neighbour>) worseFirst::compare)
                  .reversed()
                  .thenComparing(Neighbour::token))
          .toList();
    }
  }
}
