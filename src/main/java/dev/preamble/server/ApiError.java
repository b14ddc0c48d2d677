package dev.preamble.server;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.PreambleException;
import dev.preamble.generation.EngineBusyException;
import dev.preamble.generation.RequestException;
import java.util.Optional;
import java.util.concurrent.CompletionException;

/** What a request is answered with when it cannot be fulfilled, in OpenAI's form. */
final class ApiError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final String code;
  private final transient Optional<String> field;

  private ApiError(int status, String code, Optional<String> field, String message) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = field;
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

  /** 413: the body is larger than allowed. */
  static ApiError tooLarge(int limit) {
    return new ApiError(
        413,
        "body_too_large",
        Optional.empty(),
        "the body has more than the %,d bytes allowed".formatted(limit));
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
    return new ApiError(503, code, Optional.empty(), message);
  }

  /** The answer to a request that ended with {@code fault}; tells nothing of the inside. */
  static ApiError of(Throwable fault) {
    return switch (fault) {
      case ApiError error -> error;
      case RequestException request -> badField(request.field(), request.getMessage());
      case EngineBusyException busy -> unavailable("engine_busy", busy.getMessage());
      case CompletionException wrapper when wrapper.getCause() != null -> of(wrapper.getCause());
      case PreambleException mendable ->
          new ApiError(500, "model_failed", Optional.empty(), mendable.getMessage());
      default ->
          new ApiError(
              500, "internal_error", Optional.empty(), "the request failed; the log says why");
    };
  }

  int status() {
    return status;
  }

  ObjectNode json() {
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    body.putObject("error")
        .put("message", getMessage())
        .put("type", status < 500 ? "invalid_request_error" : "server_error")
        .put("param", field.orElse(null))
        .put("code", code);
    return body;
  }

  @Override
  public synchronized Throwable fillInStackTrace() {
    return this;
  }
}
