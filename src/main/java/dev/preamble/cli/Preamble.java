package dev.preamble.cli;

import dev.preamble.PreambleException;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.TypeConversionException;

/**
 * The program's entry: picks the command, prints one clear line for a fault, sets the exit code.
 */
@Command(
    name = "preamble",
    mixinStandardHelpOptions = true,
    versionProvider = Preamble.Version.class,
    description = "Loads, trains and serves PEFT prompt adapters over one frozen model.",
    subcommands = {
      AdapterCommand.class,
      BenchCommand.class,
      ClassifyCommand.class,
      EvaluateCommand.class,
      GenerateCommand.class,
      KeyCommand.class,
      ModelCommand.class,
      QuickstartCommand.class,
      ScoreCommand.class,
      ServeCommand.class,
      SweepCommand.class,
      TokenizeCommand.class,
      TrainCommand.class
    })
public final class Preamble {
  private Preamble() {}

  /** Runs the command named by {@code arguments} and exits: 0 done, 2 a fault the user can mend. */
  public static void main(String[] arguments) {
    WarningLog.install();
    System.exit(run(arguments));
  }

  /** Runs the command and returns its exit code, for callers that must stay alive. */
  public static int run(String... arguments) {
    return commandLine().execute(arguments);
  }

  /** The commands with their handling of faults. */
  static CommandLine commandLine() {
    CommandLine commands = new WithServeDefaults();
    number(commands, "a whole number", int.class, Integer.class, Integer::valueOf);
    number(commands, "a whole number", long.class, Long.class, Long::valueOf);
    number(commands, "a number", double.class, Double.class, Double::valueOf);
    return commands
        .setParameterExceptionHandler(
            (fault, arguments) -> {
              CommandLine command = fault.getCommandLine();
              command
                  .getErr()
                  .printf(
                      "preamble: %s; '%s --help' lists what it takes%n",
                      fault.getMessage().replaceFirst("^Error: ", ""),
                      command.getCommandSpec().qualifiedName());
              CommandLine.UnmatchedArgumentException.printSuggestions(fault, command.getErr());
              return CommandLine.ExitCode.USAGE;
            })
        .setExecutionExceptionHandler(
            (fault, command, parsed) -> {
              if (!(fault instanceof PreambleException known)) {
                throw fault;
              }
              command.getErr().println("preamble: " + FaultLine.of(known, command));
              return CommandLine.ExitCode.USAGE;
            });
  }

  /** Has values of a type read by {@code parse}, and refused in words that are not Java's. */
  private static <T> void number(
      CommandLine commands,
      String expected,
      Class<T> primitive,
      Class<T> boxed,
      Function<String, T> parse) {
    ITypeConverter<T> converter =
        text -> {
          try {
            return parse.apply(text.strip());
          } catch (NumberFormatException fault) {
            throw new TypeConversionException("expected %s, found '%s'".formatted(expected, text));
          }
        };
    commands.registerConverter(primitive, converter).registerConverter(boxed, converter);
  }

  /** Looks for what {@code serve} is told elsewhere before its options are read. */
  private static final class WithServeDefaults extends CommandLine {
    WithServeDefaults() {
      super(new Preamble());
    }

    @Override
    public int execute(String... arguments) {
      if (arguments.length > 0 && arguments[0].equals("serve")) {
        CommandLine serve = getSubcommands().get("serve");
        try {
          serve.setDefaultValueProvider(
              ServeDefaults.of(serve.getCommandSpec(), System.getenv(), arguments));
        } catch (UsageException fault) {
          getErr().println("preamble: " + fault.getMessage());
          return CommandLine.ExitCode.USAGE;
        }
      }
      return super.execute(arguments);
    }
  }

  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Preamble.class.getPackage().getImplementationVersion();
      return new String[] {"preamble " + (version == null ? "(unpackaged)" : version)};
    }
  }
}
