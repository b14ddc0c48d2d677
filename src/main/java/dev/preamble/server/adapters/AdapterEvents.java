package dev.preamble.server.adapters;

/** Who wants to know what happens to adapters; called on the thread on which it happened. */
public interface AdapterEvents {
  /** Another version is served under the name. */
  void loaded(AdapterVersion version);

  /** The files under the name, as they are now, cannot be served. */
  void failed(String name, String reason);

  /** Nothing is served under the name any more. */
  void removed(String name);
}
