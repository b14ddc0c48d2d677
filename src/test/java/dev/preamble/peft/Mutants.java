package dev.preamble.peft;

import java.util.Arrays;
import java.util.Random;

/** Damages bytes in the ways that files get damaged, and in some that only an attacker would. */
final class Mutants {
  private static final String[] NUMBERS = {
    "0", "-1", "4294967296", "9223372036854775807", "18446744073709551616", "1e309", "0.5", "null"
  };

  private final Random random;

  Mutants(long seed) {
    random = new Random(seed);
  }

  /** One to four changes of {@code original}. */
  byte[] mutant(byte[] original) {
    byte[] bytes = original.clone();
    for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
      bytes = bytes.length == 0 ? new byte[] {1} : change(bytes);
    }
    return bytes;
  }

  int below(int bound) {
    return random.nextInt(bound);
  }

  private byte[] change(byte[] bytes) {
    int at = random.nextInt(bytes.length);
    int length = Math.min(bytes.length - at, 1 + random.nextInt(16));
    switch (random.nextInt(9)) {
      case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
      case 1 -> bytes[at] = (byte) random.nextInt(256);
      case 2 -> Arrays.fill(bytes, at, at + length, (byte) (random.nextBoolean() ? 0 : 0xff));
      case 3 -> {
        return Arrays.copyOf(bytes, at);
      }
      case 4 -> {
        return splice(bytes, at, at + length, new byte[0]);
      }
      case 5 -> {
        return splice(bytes, at, at, Arrays.copyOfRange(bytes, at, at + length));
      }
      case 6 -> {
        byte[] noise = new byte[length];
        random.nextBytes(noise);
        return splice(bytes, at, at, noise);
      }
      case 7 ->
          System.arraycopy(bytes, random.nextInt(bytes.length - length + 1), bytes, at, length);
      default -> {
        return number(bytes, at);
      }
    }
    return bytes;
  }

  /** Replaces the first number from {@code at} on by an extreme one. */
  private byte[] number(byte[] bytes, int at) {
    int from = at;
    while (from < bytes.length && !Character.isDigit(bytes[from])) {
      from++;
    }
    int to = from;
    while (to < bytes.length && Character.isDigit(bytes[to])) {
      to++;
    }
    return splice(bytes, from, to, NUMBERS[random.nextInt(NUMBERS.length)].getBytes());
  }

  private static byte[] splice(byte[] bytes, int from, int to, byte[] between) {
    byte[] spliced = Arrays.copyOf(bytes, bytes.length - (to - from) + between.length);
    System.arraycopy(between, 0, spliced, from, between.length);
    System.arraycopy(bytes, to, spliced, from + between.length, bytes.length - to);
    return spliced;
  }
}
