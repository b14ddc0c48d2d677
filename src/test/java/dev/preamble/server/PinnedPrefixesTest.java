package dev.preamble.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.PreambleException;
import dev.preamble.generation.Engine;
import dev.preamble.generation.FittedAdapter;
import dev.preamble.generation.Stories;
import dev.preamble.model.FrozenModel;
import dev.preamble.server.adapters.AdapterCatalog;
import dev.preamble.server.adapters.AdapterCatalogOptions;
import dev.preamble.server.adapters.AdapterState;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pins that several ask for at the same time, of an engine whose prefixes take their time. */
class PinnedPrefixesTest {
  @TempDir static Path folder;

  private final FrozenModel model = FrozenModel.open(Stories.SMALL);
  private final ServerLog log = new ServerLog(Optional.empty());
  private final AdapterCatalog catalog =
      AdapterCatalog.open(
          model,
          AdapterCatalogOptions.NONE.withFolder(Optional.of(ServerFixture.adapters(folder))),
          InstantSource.system(),
          log);
  private final CompletableFuture<Void> prefix = new CompletableFuture<>();
  private final List<String> asked = new ArrayList<>();
  private final PinnedPrefixes pins = new PinnedPrefixes(catalog, engine(), log);

  @AfterEach
  void close() {
    model.close();
  }

  /** An engine that has room for the prefix of "first" alone, and computes it in time. */
  private Engine engine() {
    return (Engine)
        Proxy.newProxyInstance(
            Engine.class.getClassLoader(),
            new Class<?>[] {Engine.class},
            (proxy, method, arguments) -> {
              if (!method.getName().equals("pin")) {
                return null;
              }
              String name = Path.of(((FittedAdapter) arguments[0]).name()).getFileName().toString();
              asked.add(name);
              if (!name.equals("first")) {
                throw new PreambleException(name + " cannot be pinned");
              }
              return prefix;
            });
  }

  @Test
  void whoeverPinsWaitsForThePrefixThatALookHasBegun() throws Exception {
    catalog.pin("first", true);
    pins.look();
    FutureTask<AdapterState> pin = new FutureTask<>(() -> pins.pin("first", true));
    Thread thread = Thread.ofPlatform().start(pin);
    while (thread.isAlive() && thread.getState() != Thread.State.WAITING) {
      Thread.sleep(1);
    }
    assertFalse(pin.isDone());
    prefix.complete(null);
    assertTrue(pin.get().pinned());
    assertEquals(List.of("first"), asked);
  }

  @Test
  void whatCannotBePinnedIsRefusedToTheOneWhoAskedForIt() {
    catalog.pin("second", true);
    prefix.complete(null);
    assertTrue(pins.pin("first", true).pinned());
    ApiError refused = assertThrows(ApiError.class, () -> pins.pin("second", true));
    assertTrue(refused.getMessage().contains("second cannot be pinned"), refused.getMessage());
  }
}
