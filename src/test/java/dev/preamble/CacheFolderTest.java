package dev.preamble;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CacheFolderTest {
  @Test
  void theCacheIsWhereTheEnvironmentSays() {
    Map<String, String> all = Map.of("PREAMBLE_CACHE", "/a", "XDG_CACHE_HOME", "/b", "HOME", "/c");
    assertEquals(Path.of("/a"), CacheFolder.of(all));
    assertEquals(
        Path.of("/b/preamble"), CacheFolder.of(Map.of("XDG_CACHE_HOME", "/b", "HOME", "/c")));
    assertEquals(
        Path.of("/c/.cache/preamble"), CacheFolder.of(Map.of("PREAMBLE_CACHE", "", "HOME", "/c")));
  }
}
