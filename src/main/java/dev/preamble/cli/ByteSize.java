package dev.preamble.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A number of bytes: {@code 65536}, {@code 64k}, {@code 256m}, {@code 4g}, in powers of 1,024. */
final class ByteSize implements ITypeConverter<Long> {
  private static final Pattern FORM = Pattern.compile("(\\d{1,15})([kmg]?)i?b?");

  @Override
  public Long convert(String text) {
    Matcher parts = FORM.matcher(text.toLowerCase(Locale.ROOT));
    if (!parts.matches()) {
      throw new TypeConversionException(
          "expected a number of bytes such as 65536, 64k, 256m or 4g, found '%s'".formatted(text));
    }
    int shift = 10 * (" kmg".indexOf(parts.group(2).isEmpty() ? " " : parts.group(2)));
    long number = Long.parseLong(parts.group(1));
    if (number > Long.MAX_VALUE >> shift) {
      throw new TypeConversionException("%s is more bytes than there are".formatted(text));
    }
    return number << shift;
  }
}
