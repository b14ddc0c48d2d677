package dev.preamble.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The JSON header of a file, fully checked: every tensor's extent is what dtype and shape ask for,
 * and the extents follow one another from 0 to the end of the data without overlap or hole.
 *
 * @param metadata text to text, in file order; empty when the file has none
 * @param places tensors in the order of their bytes
 */
record Header(Map<String, String> metadata, List<Place> places) {
  /** Where a tensor lies, in bytes from the end of the header. */
  record Place(String name, Dtype dtype, List<Long> shape, long begin, long end) {}

  /** Why a header is refused; the reader adds the file's name. */
  static final class Malformed extends Exception {
    private static final long serialVersionUID = 1L;

    Malformed(String message) {
      super(message);
    }
  }

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(8)
                  .maxNameLength(SafetensorsFile.HEADER_CAP)
                  .maxStringLength(SafetensorsFile.HEADER_CAP)
                  .build())
          .build();

  /** Parses {@code json} for a file whose tensors' bytes are {@code dataSize} in all. */
  static Header parse(String json, long dataSize) throws Malformed {
    Map<String, String> metadata = new LinkedHashMap<>();
    List<Place> places = new ArrayList<>();
    try (JsonParser parser = JSON.createParser(json)) {
      expect(parser.nextToken(), JsonToken.START_OBJECT, "the header must be a JSON object");
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String name = wellFormed(parser.currentName());
        parser.nextToken();
        if (name.equals("__metadata__")) {
          readMetadata(parser, metadata);
        } else {
          places.add(readPlace(parser, name));
        }
      }
      if (parser.nextToken() != null) {
        throw new Malformed("the header goes on after its closing brace");
      }
    } catch (IOException fault) {
      throw new Malformed("the header is not valid JSON: " + firstLine(fault.getMessage()));
    }
    places.sort(Comparator.comparingLong(Place::begin).thenComparingLong(Place::end));
    checkExtents(places, dataSize);
    return new Header(metadata, List.copyOf(places));
  }

  private static void readMetadata(JsonParser parser, Map<String, String> metadata)
      throws IOException, Malformed {
    expect(parser.currentToken(), JsonToken.START_OBJECT, "__metadata__ must be an object");
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = wellFormed(parser.currentName());
      expect(
          parser.nextToken(),
          JsonToken.VALUE_STRING,
          "__metadata__ maps text to text, but '" + shown(key) + "' is no text");
      metadata.put(key, wellFormed(parser.getText()));
    }
  }

  private static Place readPlace(JsonParser parser, String name) throws IOException, Malformed {
    String what = "tensor '" + shown(name) + "'";
    expect(parser.currentToken(), JsonToken.START_OBJECT, what + " must be an object");
    Dtype dtype = null;
    List<Long> shape = null;
    List<Long> offsets = null;
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String field = parser.currentName();
      JsonToken value = parser.nextToken();
      switch (field) {
        case "dtype" -> {
          expect(value, JsonToken.VALUE_STRING, what + ": dtype must be text");
          dtype = dtype(parser.getText(), what);
        }
        case "shape" -> shape = readSizes(parser, what + ": shape");
        case "data_offsets" -> offsets = readSizes(parser, what + ": data_offsets");
        default -> throw new Malformed(what + " has an unknown field '" + shown(field) + "'");
      }
    }
    if (dtype == null || shape == null || offsets == null || offsets.size() != 2) {
      throw new Malformed(what + " needs dtype, shape and data_offsets [begin, end]");
    }
    long begin = offsets.get(0);
    long end = offsets.get(1);
    long size;
    try {
      size = TensorView.byteSize(dtype, shape);
    } catch (ArithmeticException overflow) {
      throw new Malformed(what + ": shape " + shown(shape) + " of " + dtype + " is no size");
    }
    if (end - begin != size) {
      throw new Malformed(
          "%s: shape %s of %s takes %,d bytes, but data_offsets are [%d, %d]"
              .formatted(what, shown(shape), dtype, size, begin, end));
    }
    return new Place(name, dtype, shape, begin, end);
  }

  private static Dtype dtype(String text, String what) throws Malformed {
    try {
      return Dtype.valueOf(text);
    } catch (IllegalArgumentException unknown) {
      throw new Malformed(
          "%s: unknown dtype '%s'; known are %s"
              .formatted(what, shown(text), Arrays.toString(Dtype.values())));
    }
  }

  /** A list of whole numbers from 0 to 2^63 - 1. */
  private static List<Long> readSizes(JsonParser parser, String what)
      throws IOException, Malformed {
    String rule = what + " must be a list of whole numbers from 0 on";
    expect(parser.currentToken(), JsonToken.START_ARRAY, rule);
    List<Long> sizes = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      expect(parser.currentToken(), JsonToken.VALUE_NUMBER_INT, rule);
      if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
          || parser.getLongValue() < 0) {
        throw new Malformed(rule);
      }
      sizes.add(parser.getLongValue());
    }
    return List.copyOf(sizes);
  }

  private static void checkExtents(List<Place> places, long dataSize) throws Malformed {
    long reached = 0;
    for (Place place : places) {
      if (place.begin() != reached) {
        throw new Malformed(
            "tensor '%s' begins at byte %,d of the data, but the bytes before it end at %,d (%s)"
                .formatted(
                    shown(place.name()),
                    place.begin(),
                    reached,
                    place.begin() < reached ? "overlap" : "hole"));
      }
      reached = place.end();
    }
    if (reached != dataSize) {
      throw new Malformed(
          reached > dataSize
              ? "the tensors take %,d bytes, but only %,d are there: the file is truncated"
                  .formatted(reached, dataSize)
              : "the tensors take %,d bytes, but %,d are there: bytes are left over at the end"
                  .formatted(reached, dataSize));
    }
  }

  private static void expect(JsonToken found, JsonToken expected, String rule) throws Malformed {
    if (found != expected) {
      throw new Malformed(rule);
    }
  }

  /** Refuses names with lone surrogates, which no UTF-8 file can hold when written again. */
  private static String wellFormed(String text) throws Malformed {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        if (i + 1 == text.length()
            || !Character.isSurrogatePair(text.charAt(i), text.charAt(i + 1))) {
          throw new Malformed("a name in the header is not well-formed Unicode");
        }
        i++;
      }
    }
    return text;
  }

  private static String shown(Object value) {
    String text = value.toString();
    return text.length() <= 80 ? text : text.substring(0, 80) + "…";
  }

  private static String firstLine(String message) {
    return message.lines().findFirst().map(Header::shown).orElse("");
  }
}
