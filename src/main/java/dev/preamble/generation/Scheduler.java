package dev.preamble.generation;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Who is next: rows that wait for their turn, in a lane for each adapter, first come first served
 * within a lane. Among lanes the one with the fewest rows under way is next, of equal ones the one
 * whose first row came first: whoever floods the engine under one adapter waits for himself. The
 * fuller the queue is, the fewer rows one lane may have in it. Used by every thread.
 */
final class Scheduler {
  /** The whole queue, in queues of one lane. */
  private static final int QUEUES = 2;

  /** How often the engine looks for rows that have waited too long while nothing runs. */
  private static final long TICK = TimeUnit.MILLISECONDS.toNanos(20);

  private final int queue;
  private final Map<String, ArrayDeque<Waiting>> lanes = new LinkedHashMap<>();
  private final Map<String, Integer> running = new HashMap<>();
  private long lastNumber;
  private int waiting;
  private int underWay;
  private boolean closed;

  /**
   * A row in the queue.
   *
   * @param lane what it shares with those that it waits in line with
   * @param number counts submissions
   */
  record Waiting(Row row, String lane, long number) {}

  /**
   * @param queue rows of one lane that may wait
   */
  Scheduler(int queue) {
    this.queue = queue;
  }

  /**
   * Puts a row at the end of its lane.
   *
   * @throws EngineBusyException if too many wait, or the scheduler is closed
   */
  synchronized void offer(Row row, String lane) {
    if (closed) {
      throw new EngineBusyException("the engine is closed");
    }
    int own = lanes.containsKey(lane) ? lanes.get(lane).size() : 0;
    if (own >= Math.min(queue, QUEUES * queue - waiting)) {
      throw new EngineBusyException(
          "%,d requests wait already, %,d of them under the same adapter; try again later"
              .formatted(waiting, own));
    }
    lanes
        .computeIfAbsent(lane, name -> new ArrayDeque<>())
        .add(new Waiting(row, lane, ++lastNumber));
    waiting++;
    notifyAll();
  }

  /** The row whose turn is next, if any can run; it stays where it is. */
  synchronized Optional<Waiting> next() {
    if (waiting == 0) {
      return Optional.empty();
    }
    return lanes.values().stream()
        .map(ArrayDeque::getFirst)
        .filter(first -> first.row().isLoaded())
        .min(
            Comparator.<Waiting>comparingInt(first -> running.getOrDefault(first.lane(), 0))
                .thenComparingLong(Waiting::number));
  }

  /** Takes a row from the queue for good: it runs now. False if it has left meanwhile. */
  synchronized boolean start(Waiting next) {
    if (!remove(next.row())) {
      return false;
    }
    running.merge(next.lane(), 1, Integer::sum);
    underWay++;
    return true;
  }

  /** A row of {@code lane} that was started is done. */
  synchronized void finished(String lane) {
    running.computeIfPresent(lane, (name, count) -> count == 1 ? null : count - 1);
    underWay--;
  }

  /** Takes a row from the queue that shall not run; false if it is not there. */
  synchronized boolean remove(Row row) {
    Iterator<ArrayDeque<Waiting>> each = lanes.values().iterator();
    while (each.hasNext()) {
      ArrayDeque<Waiting> lane = each.next();
      if (lane.removeIf(waiting -> waiting.row() == row)) {
        waiting--;
        if (lane.isEmpty()) {
          each.remove();
        }
        notifyAll();
        return true;
      }
    }
    return false;
  }

  /** Takes the rows from the queue whose deadline has passed. */
  synchronized List<Row> late() {
    if (waiting == 0) {
      return List.of();
    }
    List<Row> late = new ArrayList<>();
    lanes.values().forEach(lane -> lane.forEach(each -> addLate(each.row(), late)));
    late.forEach(this::remove);
    return late;
  }

  private static void addLate(Row row, List<Row> late) {
    if (row.late()) {
      late.add(row);
    }
  }

  /** A row has become ready to run. */
  synchronized void wake() {
    notifyAll();
  }

  /**
   * Waits until there may be something to do, for a moment at most while rows wait.
   *
   * @return false when nothing is left to do for good
   */
  synchronized boolean await() {
    boolean interrupted = false;
    try {
      if (underWay == 0 && waiting > 0 && next().isEmpty()) {
        TimeUnit.NANOSECONDS.timedWait(this, TICK);
      }
      while (underWay == 0 && waiting == 0 && !closed) {
        try {
          wait();
        } catch (InterruptedException ignored) {
          interrupted = true;
        }
      }
    } catch (InterruptedException ignored) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return underWay > 0 || waiting > 0 || !closed;
  }

  /** Takes no more rows; those that wait still get their turn. */
  synchronized void close() {
    closed = true;
    notifyAll();
  }

  /** Whether no trace of any row is left. */
  synchronized boolean isEmpty() {
    return waiting == 0 && underWay == 0 && lanes.isEmpty() && running.isEmpty();
  }

  /** Rows whose turn has not come. */
  synchronized int waiting() {
    return waiting;
  }

  /** Rows whose turn has come and that are not done. */
  synchronized int running() {
    return underWay;
  }
}
