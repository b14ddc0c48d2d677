package dev.preamble.peft;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.preamble.PythonForms;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PythonJsonTest {
  /** Left what Java calls the number, right what Python 3's repr printed for it. */
  @ParameterizedTest
  @CsvSource({
    "0.1, 0.1",
    "1E-5, 1e-05",
    "1E-4, 0.0001",
    "1.5E-7, 1.5e-07",
    "1E15, 1000000000000000.0",
    "1E16, 1e+16",
    "123456789012345680, 1.2345678901234568e+17",
    "0, 0.0",
    "-0.0, -0.0",
    "100, 100.0",
    "4.9E-324, 5e-324",
    "2E-323, 2e-323",
    "1.7976931348623157E308, 1.7976931348623157e+308",
    "9007199254740993, 9007199254740992.0",
    "-2.5E-9, -2.5e-09",
    "0.3333333333333333, 0.3333333333333333",
    "1E22, 1e+22",
    "1E100, 1e+100",
    "NaN, NaN",
    "-Infinity, -Infinity"
  })
  void floatsHavePythonsRepr(double value, String repr) {
    assertEquals(repr, PythonForms.repr(value, "NaN", "Infinity"));
  }

  @Test
  void nestingEscapesAndOrderArePythons() throws Exception {
    String json =
        "{\"b\":[],\"a\":{\"z\":{},\"y\":[1,[2.0,-0]]},\"\uFFFD\":null,\"🙂\":\"\\u007f\\b\\\"\\\\/é\",\"B\":true}";
    assertEquals(
        """
        {
          "B": true,
          "a": {
            "y": [
              1,
              [
                2.0,
                0
              ]
            ],
            "z": {}
          },
          "b": [],
          "\\ufffd": null,
          "\\ud83d\\ude42": "\\u007f\\b\\"\\\\/\\u00e9"
        }""",
        PythonJson.write(new ObjectMapper().readTree(json)));
  }
}
