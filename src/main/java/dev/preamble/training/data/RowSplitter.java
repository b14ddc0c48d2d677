package dev.preamble.training.data;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/**
 * Cuts a file into rows: at every line's end, in a table only at those outside quotes. The bytes of
 * the row that was cut last are kept until the next one.
 */
final class RowSplitter {
  /** Longest row, in bytes: a file without line ends must not fill the memory. */
  static final int LONGEST = 16 << 20;

  private static final int[] BYTE_ORDER_MARK = {0xef, 0xbb, 0xbf};

  /** Where in a field of a table the next byte stands. */
  private enum State {
    FIELD_START,
    PLAIN,
    QUOTED,
    QUOTE_IN_QUOTED
  }

  private final InputStream in;
  private final RowFormat format;
  private final ByteArrayOutputStream row = new ByteArrayOutputStream();
  private long position;
  private long line = 1;
  private boolean tooLong;
  private boolean unclosed;

  RowSplitter(InputStream source, RowFormat format) throws IOException {
    this.in = new BufferedInputStream(source, 1 << 16);
    this.format = format;
    skipByteOrderMark();
  }

  /** Cuts the next row; empty at the end of the file. */
  Optional<Place> next() throws IOException {
    long start = position;
    long firstLine = line;
    row.reset();
    tooLong = false;
    State state = State.FIELD_START;
    int read;
    while ((read = in.read()) >= 0) {
      position++;
      if (read == '\n') {
        line++;
        if (state != State.QUOTED) {
          break;
        }
      }
      if (format.isTable()) {
        state = after(state, read);
      }
      if (row.size() < LONGEST) {
        row.write(read);
      } else {
        tooLong = true;
      }
    }
    unclosed = read < 0 && state == State.QUOTED;
    return read < 0 && position == start
        ? Optional.empty()
        : Optional.of(new Place(start, row.size(), firstLine));
  }

  /**
   * The bytes of the row.
   *
   * @throws BadRowException if it is longer than any row may be, or its quotes never end
   */
  byte[] bytes() {
    if (tooLong) {
      throw new BadRowException("expected a row of at most %,d bytes".formatted(LONGEST));
    }
    if (unclosed) {
      throw new BadRowException("expected a closing quote, found the end of the file");
    }
    return row.toByteArray();
  }

  private State after(State state, int read) {
    if (state == State.QUOTED) {
      return read == '"' ? State.QUOTE_IN_QUOTED : State.QUOTED;
    }
    if (read == '"' && state != State.PLAIN) {
      return State.QUOTED;
    }
    return read == format.separator() ? State.FIELD_START : State.PLAIN;
  }

  private void skipByteOrderMark() throws IOException {
    in.mark(BYTE_ORDER_MARK.length);
    for (int expected : BYTE_ORDER_MARK) {
      if (in.read() != expected) {
        in.reset();
        return;
      }
    }
    position = BYTE_ORDER_MARK.length;
  }
}
