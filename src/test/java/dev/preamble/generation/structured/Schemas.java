package dev.preamble.generation.structured;

import java.util.List;

/** Schemas that have every keyword that is had, with lengths that keep texts short. */
final class Schemas {
  private Schemas() {}

  static final List<String> ALL =
      List.of(
          "{\"type\":\"string\",\"minLength\":2,\"maxLength\":6}",
          "{\"type\":\"string\",\"pattern\":\"^[A-Z][a-z\\\"\\\\\\\\\\n]{1,5}$\"}",
          "{\"type\":\"string\",\"pattern\":\"[^b]\",\"title\":\"found in it\"}",
          "{\"type\":\"string\",\"format\":\"date-time\"}",
          "{\"type\":\"string\",\"format\":\"uuid\"}",
          "{\"type\":\"integer\"}",
          "{\"type\":\"integer\",\"minimum\":-37,\"maximum\":1205}",
          "{\"type\":\"integer\",\"exclusiveMinimum\":99,\"exclusiveMaximum\":101}",
          "{\"type\":\"number\"}",
          "{\"type\":\"number\",\"minimum\":-2,\"maximum\":13}",
          "{\"type\":[\"boolean\",\"null\",\"integer\"]}",
          "{\"enum\":[\"red\",\"gr\\\"een\",7,null,{\"a\":[1,2]},[]]}",
          "{\"const\":{\"k\":[true,\"v\"],\"é\":\"日本\"}}",
          "{\"type\":\"array\",\"items\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":9},\"minItems\":1,\"maxItems\":4}",
          "{\"type\":\"array\",\"items\":{\"enum\":[\"a\",\"b\"]},\"maxItems\":3}",
          "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"boolean\"},\"b\":{\"type\":\"null\"},\"c\":{\"enum\":[1,2]}},\"required\":[\"b\"]}",
          "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"boolean\"},\"b\":{\"type\":\"null\"}},\"additionalProperties\":false}",
          "{\"type\":\"object\",\"properties\":{\"n\":{\"anyOf\":[{\"type\":\"string\",\"maxLength\":3},{\"$ref\":\"#/$defs/inner\"}]}},\"required\":[\"n\"],\"$defs\":{\"inner\":{\"type\":\"object\",\"properties\":{\"x\":{\"type\":\"boolean\"}},\"required\":[\"x\"]}}}",
          "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":3}}",
          "{\"type\":\"object\",\"required\":[\"z\"],\"additionalProperties\":{\"type\":\"boolean\"}}",
          "{\"allOf\":[{\"type\":\"object\",\"properties\":{\"id\":{\"type\":\"integer\"}}}]}",
          "{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\",\"maxLength\":4},\"tags\":{\"type\":\"array\",\"items\":{\"const\":\"t\"},\"maxItems\":2}},\"required\":[\"name\",\"tags\"]},\"minItems\":1,\"maxItems\":2}");
}
