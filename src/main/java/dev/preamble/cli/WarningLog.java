package dev.preamble.cli;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.logging.ConsoleHandler;
import java.util.logging.Formatter;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;

/**
 * What the libraries log: warnings and errors alone, each as one line on standard error, which is
 * how the program itself speaks. Java's logging makes an object of this class when it is first
 * used.
 */
public final class WarningLog {
  private static final String FILE = "java.util.logging.config.file";
  private static final String CLASS = "java.util.logging.config.class";

  /** Configures logging; for Java's logging to call. */
  public WarningLog() throws IOException {
    String settings =
        """
        .level=WARNING
        handlers=%s
        %s.formatter=%s
        """
            .formatted(
                ConsoleHandler.class.getName(),
                ConsoleHandler.class.getName(),
                Line.class.getName());
    LogManager.getLogManager()
        .readConfiguration(
            new ByteArrayInputStream(settings.getBytes(StandardCharsets.ISO_8859_1)));
  }

  /** Has logging configured so, unless the user named another configuration. */
  static void install() {
    if (System.getProperty(FILE) == null && System.getProperty(CLASS) == null) {
      System.setProperty(CLASS, WarningLog.class.getName());
    }
  }

  /** A record as one line: level, who says it, what, and the fault if there is one. */
  public static final class Line extends Formatter {
    /** For Java's logging to call. */
    public Line() {}

    @Override
    public String format(LogRecord record) {
      String fault = record.getThrown() == null ? "" : " (" + record.getThrown() + ")";
      String line =
          "preamble: %s: %s: %s%s"
              .formatted(
                  record.getLevel().getName().toLowerCase(Locale.ROOT),
                  record.getLoggerName(),
                  formatMessage(record),
                  fault);
      return line.replaceAll("\\s*\\R\\s*", " ") + System.lineSeparator();
    }
  }
}
