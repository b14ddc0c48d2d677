package dev.preamble;

import java.math.BigDecimal;
import java.math.MathContext;

/** Floats and strings as Python writes them. */
public final class PythonForms {
  private PythonForms() {}

  /**
   * A float as {@code repr} shows it: {@code 0.1}, {@code 1e-05}, {@code 1e+16}.
   *
   * @param nan what stands for what is no number
   * @param infinity what stands for infinity; a minus goes in front of it
   */
  public static String repr(double value, String nan, String infinity) {
    if (Double.isNaN(value)) {
      return nan;
    }
    String sign = Double.doubleToRawLongBits(value) < 0 ? "-" : "";
    if (Double.isInfinite(value)) {
      return sign + infinity;
    }
    if (value == 0) {
      return sign + "0.0";
    }
    BigDecimal shortest = shortest(Math.abs(value));
    String digits = shortest.unscaledValue().toString();
    int exponent = digits.length() - 1 - shortest.scale();
    if (exponent < -4 || exponent >= 16) {
      String fraction = digits.length() == 1 ? "" : "." + digits.substring(1);
      return "%s%c%se%+03d".formatted(sign, digits.charAt(0), fraction, exponent);
    }
    String plain = shortest.toPlainString();
    return sign + (plain.contains(".") ? plain : plain + ".0");
  }

  /** The fewest digits that read back as {@code value}; Java itself never goes below two. */
  private static BigDecimal shortest(double value) {
    BigDecimal digits = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    BigDecimal one = digits.round(new MathContext(1));
    return one.doubleValue() == value ? one.stripTrailingZeros() : digits;
  }

  /**
   * Appends {@code text} as {@code json.dumps} writes it: between quotes, control characters
   * escaped.
   *
   * @param ascii whether all else that is not printable ASCII is escaped too, by UTF-16 units
   */
  public static void appendJson(StringBuilder out, String text, boolean ascii) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (c < ' ' || ascii && c > '~') {
            out.append("\\u%04x".formatted((int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
