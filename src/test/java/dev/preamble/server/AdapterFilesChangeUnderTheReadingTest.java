package dev.preamble.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.WholeFolder;
import dev.preamble.generation.Stories;
import dev.preamble.model.FrozenModel;
import dev.preamble.peft.Adapter;
import dev.preamble.server.adapters.AdapterCatalog;
import dev.preamble.server.adapters.AdapterCatalogOptions;
import dev.preamble.server.adapters.AdapterEvents;
import dev.preamble.server.adapters.AdapterVersion;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An adapter that somebody else replaces while it is read is one of the versions, and no fault. */
class AdapterFilesChangeUnderTheReadingTest {
  private static final int CHANGES = 400;

  @TempDir Path folder;

  @Test
  void eachLookFindsOneOfTheVersions() throws Exception {
    Path adapters = folder.resolve("adapters");
    List<String> faults = new ArrayList<>();
    AdapterEvents events =
        new AdapterEvents() {
          @Override
          public void loaded(AdapterVersion version) {}

          @Override
          public void failed(String name, String fault) {
            faults.add(fault);
          }

          @Override
          public void removed(String name) {
            faults.add("removed");
          }
        };
    try (FrozenModel model = FrozenModel.open(Stories.SMALL);
        ExecutorService other = Executors.newSingleThreadExecutor()) {
      List<Adapter> versions = List.of(Stories.adapter(model, 6, 1), Stories.adapter(model, 9, 2));
      Set<String> digests = Set.of(versions.get(0).digest(), versions.get(1).digest());
      versions.getFirst().save(adapters.resolve("moving"));
      AdapterCatalogOptions options = AdapterCatalogOptions.NONE.withFolder(Optional.of(adapters));
      AdapterCatalog catalog = AdapterCatalog.open(model, options, InstantSource.system(), events);
      Future<?> changes =
          other.submit(
              () -> {
                for (int i = 1; i <= CHANGES; i++) {
                  Path filled = folder.resolve("filled" + i);
                  versions.get(i % 2).save(filled);
                  WholeFolder.put(filled, adapters.resolve("moving"));
                }
              });
      while (!changes.isDone()) {
        catalog.look();
        String found = catalog.adapter("moving").orElseThrow().version().orElseThrow().digest();
        assertTrue(digests.contains(found), found);
      }
      changes.get();
      assertEquals(List.of(), faults);
    }
  }
}
