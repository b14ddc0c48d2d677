package dev.preamble.server;

import dev.preamble.PreambleException;
import dev.preamble.generation.EngineOptions;
import dev.preamble.runtime.Device;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * What a server serves, and where. Begin with {@link #of} and change what differs.
 *
 * @param model folder of the exported model
 * @param device what computes
 * @param adapters folder whose sub-folders are adapters, each a model under the sub-folder's name
 * @param address where to listen
 * @param engine how the engine runs
 * @param limits what one client may ask for
 * @param grace how long running requests may go on when the server closes
 */
public record ServerConfig(
    Path model,
    Device device,
    Optional<Path> adapters,
    Address address,
    EngineOptions engine,
    Limits limits,
    Duration grace) {

  /** Refuses a negative grace period. */
  public ServerConfig {
    if (grace.isNegative()) {
      throw new PreambleException("grace: expected no negative time, found " + grace);
    }
  }

  /** The base model alone on port 8080 of this machine, not reachable from others. */
  public static ServerConfig of(Path model) {
    return new ServerConfig(
        model,
        Device.CPU,
        Optional.empty(),
        Address.LOCAL,
        EngineOptions.defaults(),
        Limits.DEFAULTS,
        Duration.ofSeconds(20));
  }

  /** This configuration on another device. */
  public ServerConfig withDevice(Device other) {
    return new ServerConfig(model, other, adapters, address, engine, limits, grace);
  }

  /** This configuration with a folder of adapters. */
  public ServerConfig withAdapters(Path folder) {
    return withAdapters(Optional.of(folder));
  }

  /** This configuration with a folder of adapters, or without. */
  public ServerConfig withAdapters(Optional<Path> folder) {
    return new ServerConfig(model, device, folder, address, engine, limits, grace);
  }

  /** This configuration at another address. */
  public ServerConfig withAddress(Address other) {
    return new ServerConfig(model, device, adapters, other, engine, limits, grace);
  }

  /** This configuration on another port; 0 takes any free one. */
  public ServerConfig withPort(int port) {
    return withAddress(new Address(address.host(), port, address.insecure()));
  }

  /** This configuration with another engine. */
  public ServerConfig withEngine(EngineOptions options) {
    return new ServerConfig(model, device, adapters, address, options, limits, grace);
  }

  /** This configuration with other limits. */
  public ServerConfig withLimits(Limits other) {
    return new ServerConfig(model, device, adapters, address, engine, other, grace);
  }

  /** This configuration with another grace period. */
  public ServerConfig withGrace(Duration other) {
    return new ServerConfig(model, device, adapters, address, engine, limits, other);
  }

  /**
   * Where to listen. The server asks nobody who he is, so addresses that other machines reach are
   * refused unless that is said to be wanted.
   *
   * @param host a name or an IP address of this machine
   * @param port 0 to 65535; 0 takes any free one
   * @param insecure whether other machines may reach the server
   */
  public record Address(String host, int port, boolean insecure) {
    /** Port 8080, reachable from this machine only. */
    public static final Address LOCAL = new Address("127.0.0.1", 8080, false);

    /** Refuses ports that there are not, and open addresses without {@code insecure}. */
    public Address {
      if (port < 0 || port > 65_535) {
        throw new PreambleException("port: expected 0 to 65535, found " + port);
      }
      if (!insecure && !isLoopback(host)) {
        throw new PreambleException(
            "host: %s may be reached from other machines, and whoever reaches it may use the server; expected a loopback address such as 127.0.0.1, or --insecure if that is wanted"
                .formatted(host));
      }
    }

    private static boolean isLoopback(String host) {
      if (host.equals("localhost")) {
        return true;
      }
      try {
        return InetAddress.ofLiteral(host).isLoopbackAddress();
      } catch (IllegalArgumentException notAnAddress) {
        return false;
      }
    }
  }

  /**
   * What one client may ask for.
   *
   * @param bodyBytes bytes of a request's body
   * @param prompts prompts in one request
   * @param unreadChunks chunks of a stream that wait for the client; one that lets more wait is cut
   */
  public record Limits(int bodyBytes, int prompts, int unreadChunks) {
    /** 4 MiB, 64 prompts, 1,024 chunks. */
    public static final Limits DEFAULTS = new Limits(4 << 20, 64, 1024);

    /** Refuses limits below 1. */
    public Limits {
      if (bodyBytes < 1 || prompts < 1 || unreadChunks < 1) {
        throw new PreambleException(
            "limits: expected at least 1 each, found %d, %d, %d"
                .formatted(bodyBytes, prompts, unreadChunks));
      }
    }
  }
}
