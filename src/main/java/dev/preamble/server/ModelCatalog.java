package dev.preamble.server;

import dev.preamble.PreambleException;
import dev.preamble.generation.FittedAdapter;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.Manifest;
import dev.preamble.peft.Adapter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** The models that are served, by id: the frozen model first, then the adapters by name. */
final class ModelCatalog {
  private final Map<String, ServedModel> models = new LinkedHashMap<>();
  private final List<String> warnings = new ArrayList<>();

  private ModelCatalog() {}

  /**
   * The frozen model and each adapter in a sub-folder of {@code adapters}. An adapter that cannot
   * be used is left out with a warning.
   *
   * @throws PreambleException if {@code adapters} is not a folder of adapters
   */
  static ModelCatalog load(FrozenModel model, Optional<Path> adapters) {
    ModelCatalog catalog = new ModelCatalog();
    String base = model.manifest().baseModel().name();
    catalog.models.put(
        base,
        new ServedModel(
            base,
            model.digest(),
            changed(model.folder().resolve(Manifest.FILE)),
            model.folder().toString(),
            Optional.empty(),
            Optional.empty()));
    adapters.ifPresent(
        folder -> subfolders(folder).forEach(each -> catalog.add(each, base, model)));
    return catalog;
  }

  private void add(Path folder, String base, FrozenModel model) {
    String id = folder.getFileName().toString();
    if (id.equals(base)) {
      warnings.add(
          "%s: the frozen model has the same name; not served, rename the folder"
              .formatted(folder));
      return;
    }
    try {
      Adapter adapter = Adapter.open(folder);
      FittedAdapter fitted = FittedAdapter.fit(adapter, model);
      adapter.warnings().forEach(warning -> warnings.add(folder + ": " + warning));
      models.put(
          id,
          new ServedModel(
              id,
              fitted.digest(),
              changed(folder),
              folder.toString(),
              Optional.of(base),
              Optional.of(fitted)));
    } catch (PreambleException fault) {
      warnings.add("not served: " + fault.getMessage());
    }
  }

  private static List<Path> subfolders(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new PreambleException(
          "%s: expected a folder of adapters, found %s"
              .formatted(folder, Files.exists(folder) ? "a file" : "nothing"));
    }
    if (Files.exists(folder.resolve("adapter_config.json"))) {
      throw new PreambleException(
          "%s: expected a folder of adapters, found an adapter; name the folder that holds it"
              .formatted(folder));
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries
          .filter(Files::isDirectory)
          .filter(entry -> !entry.getFileName().toString().startsWith("."))
          .sorted()
          .toList();
    } catch (IOException fault) {
      throw new PreambleException(folder + ": cannot be listed: " + fault.getMessage(), fault);
    }
  }

  private static Instant changed(Path path) {
    try {
      return Files.getLastModifiedTime(path).toInstant();
    } catch (IOException fault) {
      throw new PreambleException(path + ": cannot be read: " + fault.getMessage(), fault);
    }
  }

  ServedModel find(String id) {
    return Optional.ofNullable(models.get(id)).orElseThrow(() -> ApiError.unknownModel(id));
  }

  Collection<ServedModel> models() {
    return Collections.unmodifiableCollection(models.values());
  }

  /** What is odd about the adapters, one sentence each. */
  List<String> warnings() {
    return List.copyOf(warnings);
  }
}
