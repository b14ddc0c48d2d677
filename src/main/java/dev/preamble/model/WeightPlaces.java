package dev.preamble.model;

import dev.preamble.WholeFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Where a model's files of weights really are. ONNX Runtime maps files that a graph names below one
 * folder, and follows no symbolic link out of it; a model from the Hub's cache is a folder of such
 * links. So the folder is the deepest that has all the files in it, links resolved.
 *
 * @param folder the folder that a session looks for weights in
 * @param locations each file's path from that folder, by its name in the model's folder
 */
record WeightPlaces(Path folder, Map<String, String> locations) {
  /** Resolves the files called {@code names} in {@code model}. */
  static WeightPlaces of(Path model, Collection<String> names) {
    try {
      Path folder = model.toRealPath();
      Map<String, Path> files = new HashMap<>();
      for (String name : names) {
        Path file = model.resolve(name).toRealPath();
        files.put(name, file);
        folder = common(folder, file);
      }
      Map<String, String> locations = new HashMap<>();
      for (Map.Entry<String, Path> file : files.entrySet()) {
        locations.put(file.getKey(), location(folder, file.getValue()));
      }
      return new WeightPlaces(folder, locations);
    } catch (IOException fault) {
      throw new ModelException(
          model + ": cannot find the files of weights: " + WholeFile.reason(fault), fault);
    }
  }

  /** The deepest folder that holds {@code file} and what {@code folder} holds. */
  private static Path common(Path folder, Path file) {
    Path common = folder;
    while (!file.startsWith(common)) {
      common =
          Optional.ofNullable(common.getParent())
              .orElseThrow(
                  () ->
                      new ModelException(
                          "%s and %s: expected all weights on one drive, found two"
                              .formatted(folder, file)));
    }
    return common;
  }

  private static String location(Path folder, Path file) {
    return folder.relativize(file).toString().replace('\\', '/');
  }

  /** The path from {@link #folder} of the file called {@code name}. */
  String location(String name) {
    return locations.get(name);
  }
}
