package dev.preamble.server.access;

import java.util.List;
import java.util.OptionalInt;

/**
 * Somebody who asks.
 *
 * @param name what logs and limits know him by: a key's name, or an address
 * @param role what he may do
 * @param models which models he reaches; empty means all
 * @param requestsPerMinute how often he may ask, where it differs from the server's limit
 */
public record Caller(
    String name, Role role, List<NamePattern> models, OptionalInt requestsPerMinute) {
  /** Copies the list. */
  public Caller {
    models = List.copyOf(models);
  }

  /** Somebody at {@code address} of a server that asks nobody for a key: he may do everything. */
  public static Caller unnamed(String address) {
    return new Caller(address, Role.ADMIN, List.of(), OptionalInt.empty());
  }

  static Caller of(ApiKey key) {
    return new Caller(key.name(), key.role(), key.models(), key.requestsPerMinute());
  }

  /**
   * Whether there is a model of that name for him. A task of an adapter, {@code name:task}, is
   * reached by whoever reaches the adapter.
   */
  public boolean reaches(String model) {
    int colon = model.lastIndexOf(':');
    return models.isEmpty()
        || models.stream()
            .anyMatch(
                pattern ->
                    pattern.matches(model)
                        || (colon > 0 && pattern.matches(model.substring(0, colon))));
  }
}
