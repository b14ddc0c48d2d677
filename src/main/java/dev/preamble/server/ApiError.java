package dev.preamble.server;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.PreambleException;
import dev.preamble.generation.EngineBusyException;
import dev.preamble.generation.RequestException;
import dev.preamble.server.adapters.ArchiveException;
import dev.preamble.server.adapters.CatalogException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionException;

/** What a request is answered with when it cannot be fulfilled, in OpenAI's form. */
final class ApiError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final String code;
  private final transient Optional<String> field;
  private final transient Optional<Duration> retryAfter;

  private ApiError(int status, String code, Optional<String> field, String message) {
    this(status, code, field, Optional.empty(), message);
  }

  private ApiError(
      int status,
      String code,
      Optional<String> field,
      Optional<Duration> retryAfter,
      String message) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = field;
    this.retryAfter = retryAfter;
  }

  /** 400: a field is not as it must be. */
  static ApiError badField(String field, String message) {
    return new ApiError(400, "invalid_value", Optional.of(field), message);
  }

  /** 400: the body as a whole is not as it must be. */
  static ApiError badBody(String message) {
    return new ApiError(400, "invalid_body", Optional.empty(), message);
  }

  /** 404: no such model. */
  static ApiError unknownModel(String model) {
    return new ApiError(
        404,
        "model_not_found",
        Optional.of("model"),
        "model: there is no model '%s'; GET /v1/models lists those there are".formatted(model));
  }

  /** 401: no key, or none that is valid. */
  static ApiError unauthorized(String message) {
    return new ApiError(401, "invalid_api_key", Optional.empty(), message);
  }

  /** 403: the key does not allow this. */
  static ApiError forbidden(String message) {
    return new ApiError(403, "insufficient_role", Optional.empty(), message);
  }

  /** 404: no such adapter. */
  static ApiError unknownAdapter(String name) {
    return new ApiError(
        404,
        "adapter_not_found",
        Optional.of("name"),
        "name: there is no adapter '%s'; GET /v1/adapters lists those there are".formatted(name));
  }

  /** 408: the body did not come in time. */
  static ApiError slowBody(Duration limit) {
    return new ApiError(
        408,
        "body_too_slow",
        Optional.empty(),
        "the body did not come within the %,d s allowed".formatted(limit.toSeconds()));
  }

  /** 409: the change stands against what is there. */
  static ApiError conflict(String message) {
    return new ApiError(409, "conflict", Optional.empty(), message);
  }

  /** 415: a body of a kind that is not taken here. */
  static ApiError mediaType(String expected, String found) {
    return new ApiError(
        415,
        "unsupported_media_type",
        Optional.empty(),
        "expected %s, found %s".formatted(expected, found));
  }

  /** 429: this caller asks too much; others are served. */
  static ApiError tooMany(String message, Duration retryAfter) {
    return new ApiError(
        429, "rate_limit_exceeded", Optional.empty(), Optional.of(retryAfter), message);
  }

  /** 413: the body is larger than allowed. */
  static ApiError tooLarge(long limit) {
    return new ApiError(
        413,
        "body_too_large",
        Optional.empty(),
        "the body has more than the %,d bytes allowed".formatted(limit));
  }

  /** 400: a path that is none. */
  static ApiError badPath() {
    return new ApiError(
        400, "invalid_path", Optional.empty(), "the path is malformed: bad percent-encoding");
  }

  /** 404 or 405: nothing answers to this path or method. */
  static ApiError noRoute(int status, String method, String path) {
    return new ApiError(
        status,
        status == 405 ? "method_not_allowed" : "not_found",
        Optional.empty(),
        "nothing answers to %s %s".formatted(method, path));
  }

  /** 503: the same request may be answered later, or by another server. */
  static ApiError unavailable(String code, String message) {
    return new ApiError(503, code, Optional.empty(), Optional.of(Duration.ofSeconds(1)), message);
  }

  /** The answer to a request that ended with {@code fault}; tells nothing of the inside. */
  static ApiError of(Throwable fault) {
    return switch (fault) {
      case ApiError error -> error;
      case RequestException request -> badField(request.field(), request.getMessage());
      case CatalogException change -> of(change);
      case ArchiveException archive ->
          new ApiError(400, "invalid_adapter", Optional.empty(), archive.getMessage());
      case EngineBusyException busy -> unavailable("engine_busy", busy.getMessage());
      case CompletionException wrapper when wrapper.getCause() != null -> of(wrapper.getCause());
      case PreambleException mendable ->
          new ApiError(500, "model_failed", Optional.empty(), mendable.getMessage());
      default ->
          new ApiError(
              500, "internal_error", Optional.empty(), "the request failed; the log says why");
    };
  }

  private static ApiError of(CatalogException change) {
    return switch (change.reason()) {
      case UNKNOWN -> new ApiError(404, "adapter_not_found", Optional.empty(), change.getMessage());
      case CONFLICT -> conflict(change.getMessage());
      case UNUSABLE -> new ApiError(400, "invalid_adapter", Optional.empty(), change.getMessage());
    };
  }

  String code() {
    return code;
  }

  /** When the same request may be answered, where that is known. */
  Optional<Duration> retryAfter() {
    return retryAfter;
  }

  int status() {
    return status;
  }

  ObjectNode json() {
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    body.putObject("error")
        .put("message", getMessage())
        .put("type", type())
        .put("param", field.orElse(null))
        .put("code", code);
    return body;
  }

  private String type() {
    return switch (status) {
      case 401 -> "authentication_error";
      case 403 -> "permission_error";
      case 429 -> "rate_limit_error";
      default -> status < 500 ? "invalid_request_error" : "server_error";
    };
  }

  @Override
  public synchronized Throwable fillInStackTrace() {
    return this;
  }
}
