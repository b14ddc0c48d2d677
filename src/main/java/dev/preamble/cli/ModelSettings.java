package dev.preamble.cli;

import dev.preamble.model.FrozenModel;
import dev.preamble.runtime.Device;
import dev.preamble.runtime.OnnxRuntime;
import java.nio.file.Path;

/** The frozen model that a command works with, as its settings say. */
record ModelSettings(Settings settings) {
  FrozenModel open() {
    settings.path("onnxruntime").ifPresent(OnnxRuntime::use);
    return FrozenModel.open(
        Path.of(settings.required("model")), Device.parse(settings.required("device")));
  }

  int threads() {
    return ModelOption.atLeastOne(
        settings
            .optionalWhole("threads")
            .orElseGet(() -> Runtime.getRuntime().availableProcessors()));
  }
}
