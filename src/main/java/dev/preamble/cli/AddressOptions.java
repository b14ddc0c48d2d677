package dev.preamble.cli;

import dev.preamble.server.ServerConfig;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Where a server listens, and whom it lets in. */
final class AddressOptions {
  @Option(
      names = "--host",
      defaultValue = "127.0.0.1",
      paramLabel = "ADDRESS",
      description =
          "Address to listen on; ${DEFAULT-VALUE} if not given. One that other machines reach needs --api-key-file or --insecure.")
  private String host;

  @Option(
      names = "--port",
      defaultValue = "8080",
      paramLabel = "N",
      description = "Port to listen on, 0 for any free one; ${DEFAULT-VALUE} if not given.")
  private int port;

  @Option(
      names = "--api-key-file",
      paramLabel = "FILE",
      description = "Keys that are let in; 'preamble key new' makes them.")
  private Optional<Path> keys = Optional.empty();

  @Option(
      names = "--insecure",
      description = "Let --host be an address that other machines reach: anybody may use it then.")
  private boolean insecure;

  @Option(
      names = "--tls-cert",
      paramLabel = "FILE",
      description =
          "PEM file of the server's certificate and those that vouch for it; with --tls-key.")
  private Optional<Path> certificate = Optional.empty();

  @Option(
      names = "--tls-key",
      paramLabel = "FILE",
      description = "PEM file of its private key: RSA or EC, without a password.")
  private Optional<Path> key = Optional.empty();

  ServerConfig.Address address() {
    if (certificate.isPresent() != key.isPresent()) {
      throw new UsageException("--tls-cert and --tls-key go together; give both or none");
    }
    return new ServerConfig.Address(
        host, port, certificate.map(pem -> new ServerConfig.Tls(pem, key.orElseThrow())));
  }

  ServerConfig.Access access() {
    return new ServerConfig.Access(keys, insecure);
  }
}
