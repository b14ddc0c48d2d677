package dev.preamble.peft;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;

/**
 * Reads the part of Python's pickle language that {@code torch.save} uses for a dictionary of
 * tensors. A pickle is a program for a stack machine that may name any Python callable; here there
 * is nothing to call. Names are looked up in a table given by the caller, what is not in it is
 * refused by name, and opcodes that tensors do not need do not exist.
 *
 * <p>Python's values become Java's: dict {@link Map}, tuple and list {@link List}, int {@link
 * Long}, str {@link String}, None {@link #NONE}.
 */
final class PickleReader {
  /** Python's None. */
  static final Object NONE = new Object();

  /** Most values that one pickle may put on the stack or into its memory, in all. */
  private static final int VALUES_CAP = 1_000_000;

  /** A callable of Python's that the caller stands in for. */
  @FunctionalInterface
  interface Callable {
    /** The result for {@code arguments}. */
    Object call(List<?> arguments) throws Refused, IOException;
  }

  /** Why a pickle is refused; the caller adds the file's name. */
  static final class Refused extends Exception {
    private static final long serialVersionUID = 1L;

    Refused(String message) {
      super(message);
    }
  }

  private static final Object MARK = new Object();

  private final ByteBuffer bytes;
  private final Map<String, ?> names;
  private final Callable persistent;
  private final Deque<Object> stack = new ArrayDeque<>();
  private final Map<Integer, Object> memory = new HashMap<>();
  private int values;

  private PickleReader(byte[] pickle, Map<String, ?> names, Callable persistent) {
    this.bytes = ByteBuffer.wrap(pickle).order(ByteOrder.LITTLE_ENDIAN);
    this.names = names;
    this.persistent = persistent;
  }

  /**
   * The value that {@code pickle} makes.
   *
   * @param names what stands for each Python name, {@code module.name}; callables are {@link
   *     Callable}
   * @param persistent makes the value of a persistent id, which comes as the only argument
   */
  static Object read(byte[] pickle, Map<String, ?> names, Callable persistent)
      throws Refused, IOException {
    PickleReader reader = new PickleReader(pickle, names, persistent);
    try {
      return reader.run();
    } catch (BufferUnderflowException | NoSuchElementException cut) {
      throw new Refused("the pickle is cut short");
    } catch (ClassCastException odd) {
      throw new Refused("the pickle puts values where others belong");
    }
  }

  private Object run() throws Refused, IOException {
    while (true) {
      int opcode = Byte.toUnsignedInt(bytes.get());
      if (opcode == '.') {
        return pop();
      }
      step(opcode);
    }
  }

  private void step(int opcode) throws Refused, IOException {
    switch (opcode) {
      case 0x80 -> protocol(bytes.get());
      case '(' -> push(MARK);
      case '}' -> push(new LinkedHashMap<Object, Object>());
      case ']' -> push(new ArrayList<Object>());
      case ')' -> push(List.of());
      case 'N' -> push(NONE);
      case 0x88 -> push(Boolean.TRUE);
      case 0x89 -> push(Boolean.FALSE);
      case 'K' -> push((long) Byte.toUnsignedInt(bytes.get()));
      case 'M' -> push((long) Short.toUnsignedInt(bytes.getShort()));
      case 'J' -> push((long) bytes.getInt());
      case 0x8a -> push(longInteger(Byte.toUnsignedInt(bytes.get())));
      case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(bytes.getLong())));
      case 'X' -> push(text(bytes.getInt()));
      case 0x8c -> push(text(Byte.toUnsignedInt(bytes.get())));
      case 'q' -> memory.put(Byte.toUnsignedInt(bytes.get()), stack.getLast());
      case 'r' -> memory.put(bytes.getInt(), stack.getLast());
      case 'h' -> push(recall(Byte.toUnsignedInt(bytes.get())));
      case 'j' -> push(recall(bytes.getInt()));
      case 'c' -> push(named(line(), line()));
      case 't' -> push(List.copyOf(popToMark()));
      case 0x85 -> push(List.of(pop()));
      case 0x86 -> push(List.copyOf(last(2)));
      case 0x87 -> push(List.copyOf(last(3)));
      case 'Q' -> push(persistent.call(List.of(pop())));
      case 'R' -> reduce();
      case 's' -> {
        List<Object> pair = last(2);
        map(stack.getLast()).put(key(pair.get(0)), pair.get(1));
      }
      case 'u' -> {
        List<Object> pairs = popToMark();
        Map<Object, Object> map = map(stack.getLast());
        for (int i = 0; i + 1 < pairs.size(); i += 2) {
          map.put(key(pairs.get(i)), pairs.get(i + 1));
        }
      }
      case 'a' -> {
        Object item = pop();
        list(stack.getLast()).add(item);
      }
      case 'e' -> {
        List<Object> items = popToMark();
        list(stack.getLast()).addAll(items);
      }
      case 'b' -> {
        // State of an object, such as the _metadata of a state dictionary: nothing here has any.
        pop();
      }
      default ->
          throw new Refused(
              "the pickle uses opcode 0x%02x, which no file of tensors needs".formatted(opcode));
    }
  }

  private static void protocol(byte version) throws Refused {
    if (version < 2 || version > 5) {
      throw new Refused("the pickle has protocol " + version + "; torch.save writes 2");
    }
  }

  private void reduce() throws Refused, IOException {
    List<?> arguments = (List<?>) pop();
    if (!(pop() instanceof Callable callable)) {
      throw new Refused("the pickle calls what cannot be called");
    }
    push(callable.call(arguments));
  }

  private Object named(String module, String name) throws Refused {
    Object value = names.get(module + "." + name);
    if (value == null) {
      throw new Refused(
          "the pickle asks for %s.%s, which no file of plain tensors needs; nothing of it was run"
              .formatted(module, name));
    }
    return value;
  }

  private void push(Object value) throws Refused {
    if (++values > VALUES_CAP) {
      throw new Refused("the pickle makes more than %,d values".formatted(VALUES_CAP));
    }
    stack.addLast(value);
  }

  private Object pop() {
    return stack.removeLast();
  }

  private List<Object> last(int count) {
    Object[] items = new Object[count];
    for (int i = count - 1; i >= 0; i--) {
      items[i] = pop();
    }
    return List.of(items);
  }

  private List<Object> popToMark() {
    ArrayDeque<Object> items = new ArrayDeque<>();
    for (Object item = pop(); item != MARK; item = pop()) {
      items.addFirst(item);
    }
    return new ArrayList<>(items);
  }

  private Object recall(int index) throws Refused {
    Object value = memory.get(index);
    if (value == null) {
      throw new Refused("the pickle recalls what it never stored");
    }
    return value;
  }

  /** Only plain keys: the hash of a nested one would have to walk all of it. */
  private static Object key(Object value) throws Refused {
    if (!(value instanceof String || value instanceof Long)) {
      throw new Refused("the pickle has a dictionary whose keys are neither text nor numbers");
    }
    return value;
  }

  @SuppressWarnings("unchecked")
  private static Map<Object, Object> map(Object value) {
    return (Map<Object, Object>) value;
  }

  @SuppressWarnings("unchecked")
  private static List<Object> list(Object value) {
    return (ArrayList<Object>) value;
  }

  private long longInteger(int length) throws Refused {
    if (length > 8) {
      throw new Refused("the pickle holds a whole number beyond 64 bits");
    }
    long value = 0;
    for (int i = 0; i < length; i++) {
      value |= Byte.toUnsignedLong(bytes.get()) << 8 * i;
    }
    int unused = 64 - 8 * length;
    return length == 0 ? 0 : value << unused >> unused;
  }

  private String text(int length) throws Refused {
    if (length < 0 || length > bytes.remaining()) {
      throw new Refused("the pickle is cut short");
    }
    ByteBuffer part = bytes.slice(bytes.position(), length);
    bytes.position(bytes.position() + length);
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .decode(part)
          .toString();
    } catch (CharacterCodingException malformed) {
      throw new Refused("the pickle holds text that is not UTF-8");
    }
  }

  /** Text up to a newline; what is not printable shows as a question mark in messages. */
  private String line() {
    StringBuilder line = new StringBuilder();
    for (int c = bytes.get(); c != '\n'; c = bytes.get()) {
      line.append(c < ' ' || c > '~' ? '?' : (char) c);
    }
    return line.toString();
  }
}
