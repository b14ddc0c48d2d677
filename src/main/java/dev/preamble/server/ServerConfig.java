package dev.preamble.server;

import dev.preamble.PreambleException;
import dev.preamble.generation.EngineOptions;
import dev.preamble.runtime.Device;
import dev.preamble.server.adapters.AdapterCatalogOptions;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * What a server serves, where and to whom. Begin with {@link #of} and change what differs.
 *
 * @param model folder of the exported model
 * @param device what computes
 * @param adapters where adapters come from
 * @param address where to listen
 * @param access who is let in
 * @param engine how the engine runs
 * @param limits what one client may ask for
 * @param observation what is logged and measured
 * @param grace how long running requests may go on when the server closes
 */
public record ServerConfig(
    Path model,
    Device device,
    AdapterCatalogOptions adapters,
    Address address,
    Access access,
    EngineOptions engine,
    Limits limits,
    Observation observation,
    Duration grace) {

  /** Refuses a negative grace period, and addresses that are open to everybody unintended. */
  public ServerConfig {
    if (grace.isNegative()) {
      throw new PreambleException("grace: expected no negative time, found " + grace);
    }
    if (!address.isLoopback() && access.keys().isEmpty() && !access.insecure()) {
      throw new PreambleException(
          "host: %s may be reached from other machines, and whoever reaches it may use the server; expected a loopback address such as 127.0.0.1, keys with --api-key-file, or --insecure if that is wanted"
              .formatted(address.host()));
    }
  }

  /** The base model alone on port 8080 of this machine, not reachable from others, no log. */
  public static ServerConfig of(Path model) {
    return new ServerConfig(
        model,
        Device.CPU,
        AdapterCatalogOptions.NONE,
        Address.LOCAL,
        Access.OPEN_LOCALLY,
        EngineOptions.defaults(),
        Limits.DEFAULTS,
        Observation.SILENT,
        Duration.ofSeconds(20));
  }

  /** This configuration on another device. */
  public ServerConfig withDevice(Device other) {
    return new ServerConfig(
        model, other, adapters, address, access, engine, limits, observation, grace);
  }

  /** This configuration with a folder of adapters. */
  public ServerConfig withAdapters(Path folder) {
    return withAdapters(adapters.withFolder(Optional.of(folder)));
  }

  /** This configuration with adapters from elsewhere. */
  public ServerConfig withAdapters(AdapterCatalogOptions other) {
    return new ServerConfig(
        model, device, other, address, access, engine, limits, observation, grace);
  }

  /** This configuration at an address, open to those whom {@code who} lets in. */
  public ServerConfig withAddress(Address other, Access who) {
    return new ServerConfig(
        model, device, adapters, other, who, engine, limits, observation, grace);
  }

  /** This configuration on another port; 0 takes any free one. */
  public ServerConfig withPort(int port) {
    return withAddress(new Address(address.host(), port, address.tls()), access);
  }

  /** This configuration for other people. */
  public ServerConfig withAccess(Access who) {
    return withAddress(address, who);
  }

  /** This configuration with another engine. */
  public ServerConfig withEngine(EngineOptions options) {
    return new ServerConfig(
        model, device, adapters, address, access, options, limits, observation, grace);
  }

  /** This configuration with other limits. */
  public ServerConfig withLimits(Limits other) {
    return new ServerConfig(
        model, device, adapters, address, access, engine, other, observation, grace);
  }

  /** This configuration with another log and other metrics. */
  public ServerConfig withObservation(Observation other) {
    return new ServerConfig(model, device, adapters, address, access, engine, limits, other, grace);
  }

  /** This configuration with another grace period. */
  public ServerConfig withGrace(Duration other) {
    return new ServerConfig(
        model, device, adapters, address, access, engine, limits, observation, other);
  }

  /**
   * Where to listen.
   *
   * @param host a name or an IP address of this machine
   * @param port 0 to 65535; 0 takes any free one
   * @param tls what to prove the server's name with; without it nothing is encrypted
   */
  public record Address(String host, int port, Optional<Tls> tls) {
    /** Port 8080, reachable from this machine only. */
    public static final Address LOCAL = new Address("127.0.0.1", 8080, Optional.empty());

    /** Refuses ports that there are not. */
    public Address {
      if (port < 0 || port > 65_535) {
        throw new PreambleException("port: expected 0 to 65535, found " + port);
      }
    }

    /** Whether this machine alone reaches it. */
    boolean isLoopback() {
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
   * What a server proves its name with; both files are checked when the port is taken.
   *
   * @param certificate PEM file of the certificate and those that vouch for it, its own first
   * @param key PEM file of its private key: RSA or EC, without a password
   */
  public record Tls(Path certificate, Path key) {}

  /**
   * Who is let in.
   *
   * @param keys the file of keys; without one nobody is asked for a key
   * @param insecure whether other machines may reach a server that asks for no key
   */
  public record Access(Optional<Path> keys, boolean insecure) {
    /** Everybody on this machine. */
    public static final Access OPEN_LOCALLY = new Access(Optional.empty(), false);

    /** Everybody who reaches the server. */
    public static final Access INSECURE = new Access(Optional.empty(), true);

    /** Whoever has one of the keys in {@code file}. */
    public static Access keys(Path file) {
      return new Access(Optional.of(file), false);
    }
  }

  /**
   * What one client may ask for.
   *
   * @param bodyBytes bytes of a request's body, uploads apart
   * @param bodyTime time that a body may take; of an upload, time that may pass without a byte
   * @param idleTime time that a connection may stand open without a request under way
   * @param rows texts that one request may have made: prompts times n
   * @param unreadChunks chunks of a stream that wait for the client; one that lets more wait is cut
   * @param requestsPerMinute requests of one caller a minute; 0 for any number
   * @param requestsAtOnce requests of one caller under way at once; 0 for any number
   */
  public record Limits(
      int bodyBytes,
      Duration bodyTime,
      Duration idleTime,
      int rows,
      int unreadChunks,
      int requestsPerMinute,
      int requestsAtOnce) {
    /** 4 MiB in 30 s, 75 s idle, 64 texts, 1,024 chunks, any number of requests. */
    public static final Limits DEFAULTS =
        new Limits(4 << 20, Duration.ofSeconds(30), Duration.ofSeconds(75), 64, 1024, 0, 0);

    /** Refuses limits that let nothing pass. */
    public Limits {
      if (bodyBytes < 1
          || rows < 1
          || unreadChunks < 1
          || requestsPerMinute < 0
          || requestsAtOnce < 0) {
        throw new PreambleException(
            "limits: expected at least 1 byte, text and chunk, found %d, %d, %d; and at least 0 requests a minute and at once, found %d, %d"
                .formatted(bodyBytes, rows, unreadChunks, requestsPerMinute, requestsAtOnce));
      }
      if (bodyTime.toMillis() < 1 || idleTime.toMillis() < 1) {
        throw new PreambleException(
            "limits: expected at least 1 ms for a body and an idle connection, found %s and %s"
                .formatted(bodyTime, idleTime));
      }
    }

    /** These limits with another for bodies. */
    public Limits withBodyBytes(int other) {
      return new Limits(
          other, bodyTime, idleTime, rows, unreadChunks, requestsPerMinute, requestsAtOnce);
    }

    /** These limits with others for time. */
    public Limits withTimes(Duration body, Duration idle) {
      return new Limits(
          bodyBytes, body, idle, rows, unreadChunks, requestsPerMinute, requestsAtOnce);
    }

    /** These limits with another for texts of one request. */
    public Limits withRows(int other) {
      return new Limits(
          bodyBytes, bodyTime, idleTime, other, unreadChunks, requestsPerMinute, requestsAtOnce);
    }

    /** These limits with another for chunks that wait. */
    public Limits withUnreadChunks(int other) {
      return new Limits(
          bodyBytes, bodyTime, idleTime, rows, other, requestsPerMinute, requestsAtOnce);
    }

    /** These limits with others for a caller's requests. */
    public Limits withRequests(int perMinute, int atOnce) {
      return new Limits(bodyBytes, bodyTime, idleTime, rows, unreadChunks, perMinute, atOnce);
    }
  }

  /**
   * What is logged and measured.
   *
   * @param log whether a line is written to standard error for each request and event
   * @param prompts whether those lines hold what was asked
   * @param vllmNames whether metrics are given under vLLM's names too
   * @param adapterLabels adapters that metrics are told apart by; the rest are one
   */
  public record Observation(boolean log, boolean prompts, boolean vllmNames, int adapterLabels) {
    /** No log; metrics under Preamble's own names. */
    public static final Observation SILENT = new Observation(false, false, false, 100);

    /** Refuses a negative number of labels. */
    public Observation {
      if (adapterLabels < 0) {
        throw new PreambleException(
            "metrics: expected at least 0 adapters told apart, found " + adapterLabels);
      }
    }
  }
}
