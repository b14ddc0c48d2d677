package dev.preamble.generation;

import dev.preamble.model.FrozenModel;
import dev.preamble.peft.Adapter;
import java.nio.file.Path;

/** The adapter that lies in a folder, read when it is wanted. */
record AdapterInFolder(Path place, FrozenModel model) implements AdapterSource {
  @Override
  public String key() {
    return place.toString();
  }

  @Override
  public FittedAdapter load() {
    return FittedAdapter.fit(Adapter.open(place), model);
  }
}
