package dev.preamble.safetensors;

import dev.preamble.PreambleException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Files that carry the name of a safetensors file and are something else, each told apart. */
final class ForeignFormat {
  /** Bytes from the start of a file that are enough to tell. */
  static final int PROBE = 64;

  private ForeignFormat() {}

  /** Throws when the {@code start} of a file of {@code size} bytes shows that it is no tensors. */
  static void refuse(Path path, byte[] start, long size) {
    String text = new String(start, StandardCharsets.ISO_8859_1);
    if (size == 0) {
      throw new PreambleException(path + " is empty; a safetensors file was expected");
    }
    if (text.startsWith("version https://git-lfs")) {
      throw new PreambleException(
          path
              + " is a Git LFS pointer, not the file itself; run `git lfs pull` in its repository or"
              + " download the file");
    }
    if (text.startsWith("PK\u0003\u0004")) {
      throw new PreambleException(
          path
              + " is a PyTorch zip archive under another name; rename it to adapter_model.bin if it"
              + " is an adapter, or save it again as safetensors");
    }
    if (text.startsWith("<!") || text.startsWith("<html")) {
      throw new PreambleException(
          path + " is a web page, probably an error page saved by a download; download it again");
    }
    if (size < 8) {
      throw new PreambleException(
          path + " has " + size + " bytes; a safetensors file has at least 8: it is truncated");
    }
  }
}
