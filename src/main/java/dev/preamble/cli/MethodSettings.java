package dev.preamble.cli;

import dev.preamble.model.FrozenModel;
import dev.preamble.model.TextTokenizer;
import dev.preamble.peft.Adapter;
import dev.preamble.training.Dataset;
import dev.preamble.training.Initialisation;
import dev.preamble.training.Template;
import dev.preamble.training.TemplateTokens;
import dev.preamble.training.method.CartridgeConfig;
import dev.preamble.training.method.CptConfig;
import dev.preamble.training.method.MethodConfig;
import dev.preamble.training.method.MultitaskPromptTuningConfig;
import dev.preamble.training.method.MultitaskPromptTuningConfig.Factors;
import dev.preamble.training.method.PTuningConfig;
import dev.preamble.training.method.PrefixTuningConfig;
import dev.preamble.training.method.PromptTuningConfig;
import java.util.Map;
import java.util.Set;

/**
 * The learning method that the settings say. A setting that the method has no use for is refused.
 */
record MethodSettings(Settings settings) {
  private static final Set<String> STARTED =
      Set.of(
          PromptTuningConfig.NAME,
          PrefixTuningConfig.NAME,
          MultitaskPromptTuningConfig.NAME,
          CartridgeConfig.NAME);

  private static final Map<String, Set<String>> USED_BY =
      Map.ofEntries(
          Map.entry("init", STARTED),
          Map.entry("init-text", STARTED),
          Map.entry("init-adapter", STARTED),
          Map.entry("init-task", STARTED),
          Map.entry("encoder", Set.of(PTuningConfig.NAME)),
          Map.entry("encoder-layers", Set.of(PTuningConfig.NAME)),
          Map.entry("encoder-dropout", Set.of(PTuningConfig.NAME)),
          Map.entry("encoder-hidden", Set.of(PTuningConfig.NAME, PrefixTuningConfig.NAME)),
          Map.entry("projection", Set.of(PrefixTuningConfig.NAME)),
          Map.entry("tasks", Set.of(MultitaskPromptTuningConfig.NAME)),
          Map.entry("ranks", Set.of(MultitaskPromptTuningConfig.NAME)),
          Map.entry("factors", Set.of(MultitaskPromptTuningConfig.NAME)),
          Map.entry("frozen-tokens", Set.of(CartridgeConfig.NAME)),
          Map.entry("context-rows", Set.of(CptConfig.NAME)),
          Map.entry("loss-decay", Set.of(CptConfig.NAME)),
          Map.entry("epsilon", Set.of(CptConfig.NAME)),
          Map.entry("format-epsilon", Set.of(CptConfig.NAME)));

  /** Whether {@code method} has a use for the setting {@code key}. */
  static boolean isUsed(String key, String method) {
    return !USED_BY.containsKey(key) || USED_BY.get(key).contains(method);
  }

  /** Whether rows of the data make the prompt, and decide how long it is. */
  boolean isOfContext() {
    return method().equals(CptConfig.NAME);
  }

  /** Positions in front of the text, as far as they are known without the data. */
  int virtualTokens() {
    return isOfContext() ? 0 : settings.whole("virtual-tokens");
  }

  /**
   * The method, for what {@code data} is to teach.
   *
   * @param tokenizer of the model
   * @throws UsageException if a setting is missing or of no use
   */
  MethodConfig config(Dataset data, TextTokenizer tokenizer) {
    String method = method();
    refuseUseless(method);
    int tokens = virtualTokens();
    return switch (method) {
      case PromptTuningConfig.NAME -> new PromptTuningConfig(tokens, initialisation());
      case PTuningConfig.NAME ->
          new PTuningConfig(
              tokens,
              settings.choice(PTuningConfig.Encoder.class, "encoder"),
              settings.optionalWhole("encoder-hidden"),
              settings.whole("encoder-layers"),
              settings.requiredNumber("encoder-dropout"));
      case PrefixTuningConfig.NAME ->
          new PrefixTuningConfig(
              tokens,
              settings.isOn("projection"),
              settings.optionalWhole("encoder-hidden"),
              initialisation());
      case MultitaskPromptTuningConfig.NAME ->
          new MultitaskPromptTuningConfig(
              tokens,
              settings.whole("tasks"),
              settings.whole("ranks"),
              initialisation(),
              settings.choice(Factors.class, "factors"));
      case CptConfig.NAME -> cpt(data, tokenizer);
      case CartridgeConfig.NAME ->
          new CartridgeConfig(tokens, settings.whole("frozen-tokens"), initialisation());
      default ->
          throw new UsageException(
              "--method: expected prompt-tuning, p-tuning, prefix-tuning, multitask-prompt-tuning, cpt or cartridge, found \"%s\""
                  .formatted(method));
    };
  }

  private String method() {
    return settings.required("method");
  }

  private void refuseUseless(String method) {
    USED_BY.forEach(
        (key, methods) -> {
          if (settings.text(key).isPresent() && !methods.contains(method)) {
            throw new UsageException(
                "--%s goes with --method %s, found --method %s"
                    .formatted(
                        key, String.join(" or ", methods.stream().sorted().toList()), method));
          }
        });
  }

  private CptConfig cpt(Dataset data, TextTokenizer tokenizer) {
    int rows = settings.whole("context-rows");
    if (rows < 1 || rows > data.examples().size()) {
      throw new UsageException(
          "--context-rows: expected 1 to %d, the rows of the data, found %d"
              .formatted(data.examples().size(), rows));
    }
    CptConfig context =
        CptConfig.of(
            data.examples().subList(0, rows),
            TemplateTokens.of(new Template(settings.required("template")), tokenizer),
            settings.number("loss-decay"));
    double epsilon = settings.number("epsilon").orElse(context.epsilon());
    double format = settings.number("format-epsilon").orElse(epsilon);
    return new CptConfig(context.tokens(), context.types(), context.lossDecay(), epsilon, format);
  }

  /** The settings with what they leave to the method as it is in {@code config}. */
  Settings resolved(MethodConfig config, FrozenModel model) {
    Settings started =
        STARTED.contains(config.name()) ? settings.with("init", initialisationKind()) : settings;
    return switch (config) {
      case PTuningConfig encoded -> started.with("encoder-hidden", encoded.width(model));
      case PrefixTuningConfig prefix when prefix.projection() ->
          started.with("encoder-hidden", prefix.width(model));
      case CptConfig context ->
          started
              .with("epsilon", context.epsilon())
              .with("format-epsilon", context.formatEpsilon());
      default -> started;
    };
  }

  /** What {@code --init} says, or what follows from the other settings. */
  private String initialisationKind() {
    if (settings.text("init").isPresent()) {
      return settings.required("init");
    }
    if (settings.text("init-text").isPresent()) {
      return "text";
    }
    if (settings.text("init-adapter").isPresent()) {
      return "adapter";
    }
    return settings.isOn("projection") ? "random" : "vocabulary";
  }

  private Initialisation initialisation() {
    String kind = initialisationKind();
    requireOnlyWith("init-text", "text", kind);
    requireOnlyWith("init-adapter", "adapter", kind);
    requireOnlyWith("init-task", "adapter", kind);
    return switch (kind) {
      case "text" -> new Initialisation.Text(settings.required("init-text"));
      case "adapter" ->
          new Initialisation.Learned(
              Adapter.open(
                  settings.path("init-adapter").orElseThrow(() -> missing("init-adapter"))),
              settings.optionalWhole("init-task").orElse(0));
      case "labels" -> new Initialisation.Labels();
      case "vocabulary" -> new Initialisation.SampledVocabulary();
      case "random" -> new Initialisation.Random();
      case "zero" -> new Initialisation.Zero();
      default ->
          throw new UsageException(
              "--init: expected vocabulary, text, labels, adapter, random or zero, found \"%s\""
                  .formatted(kind));
    };
  }

  private void requireOnlyWith(String key, String wanted, String kind) {
    if (settings.text(key).isPresent() && !kind.equals(wanted)) {
      throw new UsageException(
          "--%s goes with --init %s, found --init %s".formatted(key, wanted, kind));
    }
    if (key.equals("init-text") && kind.equals(wanted) && settings.text(key).isEmpty()) {
      throw new UsageException("--init text needs --init-text with the text");
    }
  }

  private static UsageException missing(String key) {
    return new UsageException("--init adapter needs --%s with its folder".formatted(key));
  }
}
