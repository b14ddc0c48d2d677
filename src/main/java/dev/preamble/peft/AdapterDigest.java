package dev.preamble.peft;

import dev.preamble.safetensors.TensorView;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;

/**
 * The content digest: SHA-256 over a line of text that gives method, task, virtual tokens and each
 * tensor's name, dtype and shape, in the order of names, followed by the tensors' bytes in that
 * order. Fields that only say how training went do not enter.
 */
final class AdapterDigest {
  private static final int CHUNK = 1 << 16;

  private AdapterDigest() {}

  static String of(Adapter adapter) {
    MessageDigest sha = sha256();
    var ordered =
        adapter.tensors().stream().sorted(Comparator.comparing(TensorView::name)).toList();
    String description =
        "preamble-adapter 1 %s %s %d %s\n"
            .formatted(
                adapter.config().method().peftType(),
                adapter.config().task().map(Enum::name).orElse("-"),
                adapter.virtualTokens(),
                ordered);
    sha.update(description.getBytes(StandardCharsets.UTF_8));
    for (TensorView tensor : ordered) {
      for (long done = 0; done < tensor.data().byteSize(); done += CHUNK) {
        long length = Math.min(CHUNK, tensor.data().byteSize() - done);
        sha.update(tensor.data().asSlice(done, length).asByteBuffer());
      }
    }
    return HexFormat.of().formatHex(sha.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
