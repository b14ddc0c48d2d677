package dev.preamble.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.server.access.Caller;
import dev.preamble.server.adapters.AdapterCatalog;
import dev.preamble.server.adapters.AdapterState;
import dev.preamble.server.adapters.AdapterUpload;
import dev.preamble.server.adapters.AdapterVersion;
import dev.preamble.server.adapters.Placed;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** {@code /v1/adapters}: what adapters there are, and their coming and going. */
final class Adapters {
  private static final int MOST_UPLOADS = 4;

  private final AdapterCatalog catalog;
  private final PinnedPrefixes pins;
  private final ServerConfig.Limits limits;
  private final long uploadBytes;
  private int uploads;

  Adapters(
      AdapterCatalog catalog, PinnedPrefixes pins, ServerConfig.Limits limits, long uploadBytes) {
    this.catalog = catalog;
    this.pins = pins;
    this.limits = limits;
    this.uploadBytes = uploadBytes;
  }

  /** {@code GET /v1/adapters}. */
  void list(Exchange exchange) {
    exchange.answer(
        () ->
            AdapterJson.list(
                catalog.adapters().stream()
                    .filter(adapter -> reaches(exchange.caller(), adapter))
                    .toList()),
        list -> exchange.reply().json(200, list));
  }

  /** An adapter is reached by whoever reaches one of its models. */
  private static boolean reaches(Caller caller, AdapterState adapter) {
    return caller.reaches(adapter.name())
        || adapter.version().map(AdapterVersion::ids).orElse(List.of()).stream()
            .anyMatch(caller::reaches);
  }

  private static void require(Caller caller, String name) {
    if (!caller.reaches(name)) {
      throw ApiError.unknownAdapter(name);
    }
  }

  /** {@code GET /v1/adapters/{name}}. */
  void get(Exchange exchange, String name) {
    exchange.answer(
        () ->
            catalog
                .adapter(name)
                .filter(adapter -> reaches(exchange.caller(), adapter))
                .map(AdapterJson::of)
                .orElseThrow(() -> ApiError.unknownAdapter(name)),
        adapter -> exchange.reply().json(200, adapter));
  }

  /** {@code DELETE /v1/adapters/{name}}. */
  void delete(Exchange exchange, String name) {
    exchange.answer(
        () -> {
          require(exchange.caller(), name);
          catalog.delete(name);
          return AdapterJson.deleted(name);
        },
        answer -> exchange.reply().json(200, answer));
  }

  /** {@code PUT} and {@code DELETE /v1/adapters/{name}/pin}. */
  void pin(Exchange exchange, String name, boolean wanted) {
    exchange.answer(
        () -> {
          require(exchange.caller(), name);
          return AdapterJson.of(pins.pin(name, wanted));
        },
        adapter -> exchange.reply().json(200, adapter));
  }

  /** {@code GET /v1/adapters/{name}/download}: the adapter's files as a tar. */
  void download(Exchange exchange, String name) {
    exchange
        .work(
            () -> {
              require(exchange.caller(), name);
              Path tar = Files.createTempFile("preamble-adapter", ".tar");
              try {
                catalog.download(name, tar);
                return tar;
              } catch (RuntimeException fault) {
                Files.delete(tar);
                throw fault;
              }
            })
        .onFailure(exchange.reply()::fail)
        .onSuccess(
            tar ->
                exchange
                    .reply()
                    .file("application/x-tar", tar)
                    .eventually(() -> exchange.work(() -> Files.deleteIfExists(tar))));
  }

  /** {@code PUT /v1/adapters/{name}}: a tar, a form of files, or the path of a folder. */
  void put(Exchange exchange, String name) {
    String type =
        Optional.ofNullable(exchange.request().getHeader("content-type"))
            .map(value -> value.split(";")[0].strip().toLowerCase(Locale.ROOT))
            .orElse("no content-type");
    require(exchange.caller(), name);
    if (exchange.request().getHeader("content-encoding") != null) {
      throw ApiError.mediaType(
          "a body as it is",
          "content-encoding " + exchange.request().getHeader("content-encoding"));
    }
    switch (type) {
      case "application/json" -> register(exchange, name);
      case "application/x-tar" -> upload(exchange, name, false);
      case "multipart/form-data" -> upload(exchange, name, true);
      default ->
          throw ApiError.mediaType(
              "application/x-tar (not compressed), multipart/form-data or application/json", type);
    }
  }

  private void register(Exchange exchange, String name) {
    exchange
        .body(limits)
        .compose(
            body ->
                exchange.work(
                    () -> {
                      RequestBody fields = RequestBody.parse(body.getBytes());
                      fields.only(Set.of("path"));
                      Placed placed = catalog.register(name, required(fields, "path"), true);
                      return Put.of(placed, List.of());
                    }))
        .onFailure(exchange.reply()::fail)
        .onSuccess(put -> put.send(exchange.reply()));
  }

  private record Put(int status, ObjectNode json) {
    static Put of(Placed placed, List<String> ignored) {
      ObjectNode json = AdapterJson.of(placed.state());
      ignored.forEach(json.putArray("ignored")::add);
      return new Put(placed.replaced() ? 200 : 201, json);
    }

    void send(Reply reply) {
      reply.json(status, json);
    }
  }

  private void upload(Exchange exchange, String name, boolean form) {
    String length = exchange.request().getHeader("content-length");
    if (length != null && Long.parseLong(length) > uploadBytes) {
      throw ApiError.tooLarge(uploadBytes);
    }
    if (!takeTurn()) {
      throw ApiError.unavailable(
          "too_many_uploads",
          "%d uploads are under way, as many as may be at once".formatted(MOST_UPLOADS));
    }
    if (form) {
      exchange.request().setExpectMultipart(true);
    }
    exchange.request().pause();
    exchange
        .work(() -> AdapterUpload.begin(catalog, name))
        .compose(
            upload ->
                UploadReader.read(exchange, upload, uploadBytes, limits.bodyTime(), form)
                    .compose(
                        read ->
                            exchange.work(
                                () -> {
                                  Placed placed = upload.finish();
                                  return Put.of(placed, upload.ignored());
                                }))
                    .eventually(
                        () ->
                            exchange.work(
                                () -> {
                                  upload.close();
                                  return true;
                                })))
        .onComplete(over -> giveTurn())
        .onFailure(
            fault -> {
              exchange.reply().fail(fault);
              exchange.readPastBody();
            })
        .onSuccess(put -> put.send(exchange.reply()));
  }

  private synchronized boolean takeTurn() {
    if (uploads == MOST_UPLOADS) {
      return false;
    }
    uploads++;
    return true;
  }

  private synchronized void giveTurn() {
    uploads--;
  }

  /** {@code POST /v1/load_lora_adapter}, as vLLM has it. */
  void load(Exchange exchange) {
    alias(
        exchange,
        Set.of("lora_name", "lora_path", "load_inplace", "base_model_name"),
        fields -> {
          String name = required(fields, "lora_name");
          require(exchange.caller(), name);
          catalog.register(name, required(fields, "lora_path"), fields.flag("load_inplace"));
          return "Success: LoRA adapter '%s' added successfully.".formatted(name);
        });
  }

  /** {@code POST /v1/unload_lora_adapter}, as vLLM has it. */
  void unload(Exchange exchange) {
    alias(
        exchange,
        Set.of("lora_name", "lora_int_id"),
        fields -> {
          String name = required(fields, "lora_name");
          require(exchange.caller(), name);
          catalog.unload(name);
          return "Success: LoRA adapter '%s' removed successfully.".formatted(name);
        });
  }

  private interface Alias {
    String answer(RequestBody fields);
  }

  private void alias(Exchange exchange, Set<String> known, Alias alias) {
    exchange
        .body(limits)
        .compose(
            body ->
                exchange.work(
                    () -> {
                      RequestBody fields = RequestBody.parse(body.getBytes());
                      fields.only(known);
                      return alias.answer(fields);
                    }))
        .onFailure(exchange.reply()::fail)
        .onSuccess(text -> exchange.reply().text(200, "text/plain; charset=utf-8", text));
  }

  private static String required(RequestBody fields, String name) {
    return fields.text(name).orElseThrow(() -> fields.bad(name, "is missing"));
  }
}
