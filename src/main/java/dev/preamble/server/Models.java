package dev.preamble.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.Manifest;
import dev.preamble.server.access.Caller;
import dev.preamble.server.adapters.AdapterCatalog;
import dev.preamble.server.adapters.AdapterVersion;
import dev.preamble.server.adapters.Resolved;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The models that are served, the frozen one and each adapter over it, as one caller sees them: to
 * whom a name is closed it is as if there were none.
 */
final class Models {
  private final FrozenModel frozen;
  private final AdapterCatalog catalog;
  private final String base;
  private final Instant created;

  Models(FrozenModel frozen, AdapterCatalog catalog) {
    this.frozen = frozen;
    this.catalog = catalog;
    this.base = frozen.manifest().baseModel().name();
    this.created = changed(frozen);
  }

  private static Instant changed(FrozenModel model) {
    try {
      return Files.getLastModifiedTime(model.folder().resolve(Manifest.FILE)).toInstant();
    } catch (IOException fault) {
      throw new PreambleException(
          "cannot read %s: %s".formatted(model.folder(), WholeFile.reason(fault)), fault);
    }
  }

  /** The model called {@code id}; may read files. */
  ServedModel find(String id, Caller caller) {
    if (!caller.reaches(id)) {
      throw ApiError.unknownModel(id);
    }
    if (id.equals(base)) {
      return new ServedModel(id, frozen.digest(), Optional.empty());
    }
    Resolved adapter = catalog.resolve(id).orElseThrow(() -> ApiError.unknownModel(id));
    return new ServedModel(id, frozen.digest(), Optional.of(adapter));
  }

  /** Ids of all models, the frozen one first. */
  List<String> ids() {
    List<String> ids = new ArrayList<>(List.of(base));
    versions().forEach(version -> ids.addAll(version.ids()));
    return ids;
  }

  private List<AdapterVersion> versions() {
    return catalog.adapters().stream().flatMap(adapter -> adapter.version().stream()).toList();
  }

  /** The list of models, in OpenAI's form. */
  ObjectNode listing(Caller caller) {
    ObjectNode listing = JsonNodeFactory.instance.objectNode().put("object", "list");
    ArrayNode data = listing.putArray("data");
    if (caller.reaches(base)) {
      data.add(baseJson());
    }
    for (AdapterVersion version : versions()) {
      version.ids().stream().filter(caller::reaches).forEach(id -> data.add(json(id, version)));
    }
    return listing;
  }

  /** One model, in OpenAI's form. */
  ObjectNode json(String id, Caller caller) {
    ServedModel served = find(id, caller);
    return served.resolved().map(adapter -> json(id, adapter.version())).orElseGet(this::baseJson);
  }

  private ObjectNode baseJson() {
    return ServedModel.json(
            base, created.getEpochSecond(), frozen.folder().toString(), frozen.digest())
        .putNull("parent")
        .putNull("method")
        .put("virtual_tokens", 0)
        .put("max_model_len", frozen.manifest().contextLength());
  }

  private ObjectNode json(String id, AdapterVersion version) {
    return ServedModel.json(
            id, version.loaded().getEpochSecond(), version.folder().toString(), version.digest())
        .put("parent", base)
        .put("method", version.method())
        .put("virtual_tokens", version.virtualTokens())
        .put("max_model_len", frozen.manifest().contextLength() - version.virtualTokens());
  }
}
