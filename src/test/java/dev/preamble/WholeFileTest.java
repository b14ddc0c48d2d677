package dev.preamble;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WholeFileTest {
  @TempDir Path folder;

  @Test
  void missingFoldersAreMadeAndOldContentIsReplaced() throws Exception {
    Path target = folder.resolve("a/b/file");
    WholeFile.write(target, new byte[] {1, 2});
    WholeFile.write(target, new byte[] {3});
    assertArrayEquals(new byte[] {3}, Files.readAllBytes(target));
    assertEquals(List.of(target), list(target.getParent()));
  }

  @Test
  void afterAFailureHalfWayTheOldFileStandsAlone() throws Exception {
    Path target = folder.resolve("file");
    WholeFile.write(target, new byte[] {1});
    PreambleException fault =
        assertThrows(
            PreambleException.class,
            () ->
                WholeFile.write(
                    target,
                    channel -> {
                      channel.write(ByteBuffer.wrap(new byte[100]));
                      throw new IOException("No space left on device");
                    }));
    assertEquals("cannot write " + target + ": No space left on device", fault.getMessage());
    assertArrayEquals(new byte[] {1}, Files.readAllBytes(target));
    assertEquals(List.of(target), list(folder));
  }

  @Test
  void aSymbolicLinkKeepsPointingWhereItPoints() throws Exception {
    Path real = Files.write(folder.resolve("real"), new byte[] {1});
    Path link = Files.createSymbolicLink(folder.resolve("link"), real);
    WholeFile.write(link, new byte[] {2});
    assertTrue(Files.isSymbolicLink(link));
    assertArrayEquals(new byte[] {2}, Files.readAllBytes(real));
  }

  @Test
  void aFolderIsNoTarget() {
    assertThrows(PreambleException.class, () -> WholeFile.write(folder, new byte[0]));
  }

  private static List<Path> list(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.toList();
    }
  }
}
