package dev.preamble.server.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.PreambleException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys, the file of them, and whom they reach. */
class KeysTest {
  @TempDir Path folder;

  private static ApiKey key(String name, String secret, Role role, String... models) {
    return new ApiKey(
        name,
        ApiKey.hash(secret),
        role,
        List.of(models).stream().map(NamePattern::new).toList(),
        OptionalInt.empty());
  }

  @Test
  void theFileHoldsNoSecretAndFindsItsHolder() throws Exception {
    Path file = folder.resolve("keys.yaml");
    String alice = ApiKey.newSecret();
    String bob = ApiKey.newSecret();
    assertNotEquals(alice, bob);
    assertTrue(alice.matches("pk-[A-Za-z0-9_-]{43}"), alice);
    KeyFile.add(file, key("alice", alice, Role.INFER, "alice-*", "base"));
    KeyFile.add(
        file, new ApiKey("bob", ApiKey.hash(bob), Role.ADMIN, List.of(), OptionalInt.of(9)));
    assertFalse(Files.readString(file).contains(alice.substring(3)));
    KeyRing ring = KeyFile.read(file);
    Caller found = ring.holder(alice).orElseThrow();
    assertEquals("alice", found.name());
    assertEquals(Role.INFER, found.role());
    assertEquals(2, found.models().size());
    assertEquals(OptionalInt.of(9), ring.holder(bob).orElseThrow().requestsPerMinute());
    for (String wrong : List.of("", "pk-", alice + "x", alice.substring(1), "alice")) {
      assertEquals(Optional.empty(), ring.holder(wrong), wrong);
    }
    assertThrows(
        PreambleException.class, () -> KeyFile.add(file, key("alice", "other", Role.INFER)));
    assertThrows(PreambleException.class, () -> KeyFile.add(file, key("eve", bob, Role.INFER)));
    KeyFile.remove(file, "alice");
    assertEquals(Optional.empty(), KeyFile.read(file).holder(alice));
    assertThrows(PreambleException.class, () -> KeyFile.remove(file, "alice"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "keys: []",
        "keys: 5",
        "[]",
        "keys: [{name: a}]",
        "keys: [{name: a, sha256: abc}]",
        "keys: [{name: 'a b', sha256: HASH}]",
        "keys: [{name: a, sha256: HASH, role: root}]",
        "keys: [{name: a, sha256: HASH, models: ['']}]",
        "keys: [{name: a, sha256: HASH, requests-per-minute: 0}]",
        "keys: [{name: a, sha256: HASH, secret: b}]",
        "keys: [{name: a, sha256: HASH}, {name: a, sha256: HASH}]",
        "keys: [{name: a, sha256: HASH}]\nkeys: []",
        "keys: [{name: a"
      })
  void aFileThatIsNoFileOfKeysIsRefusedByName(String text) throws Exception {
    Path file = folder.resolve("keys.yaml");
    Files.writeString(file, text.replace("HASH", ApiKey.hash("x")));
    PreambleException fault = assertThrows(PreambleException.class, () -> KeyFile.read(file));
    assertTrue(fault.getMessage().startsWith(file.toString()), fault.getMessage());
    assertEquals(1, fault.getMessage().lines().count(), fault.getMessage());
  }

  @Test
  void keysThatChangeWhileTheServerRunsAreTakenOver() throws Exception {
    Path file = folder.resolve("keys.yaml");
    KeyFile.add(file, key("alice", "one", Role.INFER));
    KeyWatch watch = new KeyWatch(Optional.of(file));
    List<PreambleException> faults = new ArrayList<>();
    KeyFile.add(file, key("bob", "two", Role.INFER));
    assertEquals(Optional.empty(), watch.keys().holder("two"));
    watch.look(faults::add);
    assertEquals("bob", watch.keys().holder("two").orElseThrow().name());
    Files.writeString(file, "keys: [");
    watch.look(faults::add);
    watch.look(faults::add);
    assertEquals(1, faults.size());
    assertEquals("bob", watch.keys().holder("two").orElseThrow().name(), "kept");
    Files.delete(file);
    watch.look(faults::add);
    assertTrue(watch.keys().required(), "a lost file lets nobody in who had no key");
  }

  @Test
  void keysThatAreAddedAtTheSameTimeAreAllThere() throws Exception {
    Path file = folder.resolve("keys.yaml");
    int threads = 8;
    CyclicBarrier together = new CyclicBarrier(threads);
    try (ExecutorService all = Executors.newFixedThreadPool(threads)) {
      List<Future<?>> added = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        String name = "name" + i;
        added.add(
            all.submit(
                () -> {
                  together.await();
                  KeyFile.add(file, key(name, "secret of " + name, Role.INFER));
                  return null;
                }));
      }
      for (Future<?> each : added) {
        each.get();
      }
    }
    assertEquals(threads, KeyFile.read(file).keys().size());
  }

  @ParameterizedTest
  @CsvSource({
    "a*, abc, true",
    "a*, a, true",
    "a*, ba, false",
    "*, anything, true",
    "*c, abc, true",
    "a*c, abcbc, true",
    "a*c, abcb, false",
    "a**d, abcd, true",
    "a.c, abc, false",
    "abc, abc, true",
    "abc, ab, false",
    "ab, abc, false",
    "*b*d*, abcde, true",
    "*b*f*, abcde, false"
  })
  void aStarStandsForAnything(String pattern, String name, boolean reached) {
    assertEquals(reached, new NamePattern(pattern).matches(name));
  }

  @Test
  void aHostilePatternAndNameTakeNoLongTime() {
    long start = System.nanoTime();
    assertFalse(new NamePattern("*a".repeat(200) + "b").matches("a".repeat(20_000)));
    assertTrue(System.nanoTime() - start < 20_000_000_000L);
  }

  @Test
  void whoReachesAnAdapterReachesItsTasks() {
    Caller team = Caller.of(key("k", "s", Role.INFER, "team-*", "one:3"));
    assertTrue(team.reaches("team-a") && team.reaches("team-a:7") && team.reaches("one:3"));
    assertFalse(team.reaches("one") || team.reaches("one:4") || team.reaches("base"));
  }

  @Test
  void rolesCoverWhatTheySay() {
    assertTrue(Role.ADMIN.covers(Role.INFER) && Role.ADMIN.covers(Role.METRICS));
    assertFalse(Role.INFER.covers(Role.METRICS) || Role.INFER.covers(Role.ADMIN));
    assertFalse(Role.METRICS.covers(Role.INFER));
  }
}
