package dev.preamble.server;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Multipart forms to be uploaded. */
final class Forms {
  private Forms() {}

  /** The files in {@code folder}, a part each. */
  static byte[] of(Path folder, String boundary) throws IOException {
    ByteArrayOutputStream form = new ByteArrayOutputStream();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.sorted().toList()) {
        String head =
            "--%s\r\nContent-Disposition: form-data; name=\"files\"; filename=\"%s\"\r\nContent-Type: application/octet-stream\r\n\r\n"
                .formatted(boundary, file.getFileName());
        form.write(head.getBytes(StandardCharsets.UTF_8));
        form.write(Files.readAllBytes(file));
        form.write("\r\n".getBytes(StandardCharsets.UTF_8));
      }
    }
    form.write(("--" + boundary + "--\r\n").getBytes(StandardCharsets.UTF_8));
    return form.toByteArray();
  }
}
