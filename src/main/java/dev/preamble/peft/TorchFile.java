package dev.preamble.peft;

import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import dev.preamble.peft.PickleReader.Refused;
import dev.preamble.safetensors.Dtype;
import dev.preamble.safetensors.TensorView;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * {@code adapter_model.bin}: what {@code torch.save} makes of a dictionary of tensors, and PEFT
 * wrote before 0.7. A zip archive, uncompressed, of a pickle and of the tensors' storages. Only
 * tensors come out of it; nothing in it is ever executed.
 */
final class TorchFile {
  /** Largest pickle read, in bytes; that of an adapter has a few hundred. */
  private static final int PICKLE_CAP = 16 << 20;

  private static final Map<String, Dtype> STORAGES =
      Map.of(
          "torch.FloatStorage", Dtype.F32,
          "torch.DoubleStorage", Dtype.F64,
          "torch.HalfStorage", Dtype.F16,
          "torch.BFloat16Storage", Dtype.BF16,
          "torch.LongStorage", Dtype.I64,
          "torch.IntStorage", Dtype.I32,
          "torch.ShortStorage", Dtype.I16,
          "torch.CharStorage", Dtype.I8,
          "torch.ByteStorage", Dtype.U8,
          "torch.BoolStorage", Dtype.BOOL);

  /** A flat run of elements that tensors are views of. */
  private record Storage(Dtype dtype, MemorySegment data) {}

  private final Path path;
  private final long size;
  private final ZipFile zip;
  private final String root;
  private final Map<String, Storage> storages = new HashMap<>();

  /** Bytes of all entries read and of all tensors gathered: neither may exceed the file's size. */
  private long read;

  private long gathered;

  private TorchFile(Path path, ZipFile zip, String root) throws IOException {
    this.path = path;
    this.size = Files.size(path);
    this.zip = zip;
    this.root = root;
  }

  /**
   * The tensors in {@code path}, in the order of the dictionary.
   *
   * @param cap largest file accepted, in bytes
   */
  static List<TensorView> read(Path path, long cap) {
    try {
      refuseForeign(path, cap);
      try (ZipFile zip = new ZipFile(path.toFile())) {
        return new TorchFile(path, zip, root(zip)).tensors();
      }
    } catch (IOException | IllegalArgumentException | SecurityException fault) {
      String reason = fault instanceof IOException io ? WholeFile.reason(io) : fault.getMessage();
      throw new PreambleException(
          path + " is no readable PyTorch archive: " + reason + "; it may be truncated", fault);
    } catch (Refused refused) {
      throw new PreambleException(path + ": " + refused.getMessage(), refused);
    }
  }

  private static void refuseForeign(Path path, long cap) throws IOException {
    long size = Files.size(path);
    if (size > cap) {
      throw new PreambleException(
          "%s has %,d bytes, more than the %,d allowed".formatted(path, size, cap));
    }
    byte[] start = new byte[32];
    int length;
    try (var in = Files.newInputStream(path)) {
      length = in.readNBytes(start, 0, start.length);
    }
    String text = new String(start, 0, length, StandardCharsets.ISO_8859_1);
    if (size == 0) {
      throw new PreambleException(path + " is empty; a PyTorch archive was expected");
    }
    if (text.startsWith("version https://git-lfs")) {
      throw new PreambleException(
          path
              + " is a Git LFS pointer, not the file itself; run `git lfs pull` in its repository or"
              + " download the file");
    }
    if (text.startsWith("\u0080\u0002")) {
      throw new PreambleException(
          path
              + " is in the format that PyTorch wrote before 1.6, a bare pickle; load and save it"
              + " with a newer PyTorch");
    }
  }

  private static String root(ZipFile zip) throws Refused {
    List<String> pickles =
        zip.stream().map(ZipEntry::getName).filter(name -> name.endsWith("/data.pkl")).toList();
    if (pickles.size() != 1) {
      throw new Refused("a PyTorch archive holds one data.pkl, this one " + pickles.size());
    }
    return pickles.getFirst().substring(0, pickles.getFirst().length() - "data.pkl".length());
  }

  private List<TensorView> tensors() throws IOException, Refused {
    ZipEntry order = zip.getEntry(root + "byteorder");
    if (order != null
        && !new String(content(order, 64), StandardCharsets.ISO_8859_1).equals("little")) {
      throw new Refused("its bytes are not in little-endian order; save it as safetensors");
    }
    Map<String, Object> names = new HashMap<>(STORAGES);
    names.put("collections.OrderedDict", (PickleReader.Callable) TorchFile::orderedDict);
    names.put("torch._utils._rebuild_tensor_v2", (PickleReader.Callable) this::tensor);
    names.put(
        "torch._utils._rebuild_parameter",
        (PickleReader.Callable) arguments -> argument(arguments, 0, TensorView.class));
    byte[] pickle = content(zip.getEntry(root + "data.pkl"), PICKLE_CAP);
    Object value = PickleReader.read(pickle, names, this::storage);
    if (!(value instanceof Map<?, ?> dictionary)) {
      throw new Refused("it holds no dictionary of tensors");
    }
    List<TensorView> tensors = new ArrayList<>();
    for (Map.Entry<?, ?> entry : dictionary.entrySet()) {
      if (!(entry.getKey() instanceof String name)
          || !(entry.getValue() instanceof TensorView tensor)) {
        throw new Refused("its dictionary must map names to tensors and nothing else");
      }
      tensors.add(tensor.named(name));
    }
    return tensors;
  }

  private static Object orderedDict(List<?> arguments) throws Refused {
    if (!arguments.isEmpty()) {
      throw new Refused("the pickle makes an OrderedDict in a way that torch.save never does");
    }
    return new LinkedHashMap<>();
  }

  /** From a persistent id {@code ('storage', type, key, device, elements)}. */
  private Storage storage(List<?> id) throws Refused, IOException {
    List<?> parts = argument(id, 0, List.class);
    Dtype dtype = argument(parts, 1, Dtype.class);
    String key = argument(parts, 2, String.class);
    long elements = argument(parts, 4, Long.class);
    Storage known = storages.get(key);
    if (known != null) {
      return known;
    }
    ZipEntry entry = zip.getEntry(root + "data/" + key);
    if (entry == null) {
      throw new Refused("the storage data/" + shown(key) + " is missing");
    }
    long width = dtype.bits() / 8;
    if (elements < 0 || elements > entry.getSize() / width) {
      throw new Refused(
          "the storage data/%s should hold %,d values of %s, but has %,d bytes"
              .formatted(shown(key), elements, dtype, entry.getSize()));
    }
    byte[] content = content(entry, Integer.MAX_VALUE - 8);
    Storage storage =
        new Storage(dtype, MemorySegment.ofArray(content).asSlice(0, elements * width));
    storages.put(key, storage);
    return storage;
  }

  /** {@code _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)}. */
  private TensorView tensor(List<?> arguments) throws Refused {
    Storage storage = argument(arguments, 0, Storage.class);
    long offset = argument(arguments, 1, Long.class);
    List<Long> shape = sizes(argument(arguments, 2, List.class));
    List<Long> strides = sizes(argument(arguments, 3, List.class));
    if (shape.size() != strides.size()) {
      throw new Refused(
          "a tensor has %d sizes and %d strides".formatted(shape.size(), strides.size()));
    }
    int width = storage.dtype().bits() / 8;
    try {
      long count = 1;
      long last = offset;
      boolean contiguous = true;
      for (int axis = shape.size() - 1; axis >= 0; axis--) {
        contiguous &= shape.get(axis) == 1 || strides.get(axis) == count;
        count = Math.multiplyExact(count, shape.get(axis));
        last = Math.addExact(last, Math.multiplyExact(shape.get(axis) - 1, strides.get(axis)));
      }
      long held = storage.data().byteSize() / width;
      if (count > 0 && (last >= held || count > held)) {
        throw new Refused("a tensor of shape %s reaches beyond its storage".formatted(shape));
      }
      MemorySegment data =
          count == 0
              ? MemorySegment.ofArray(new byte[0])
              : contiguous
                  ? storage.data().asSlice(offset * width, count * width)
                  : gather(storage.data(), width, offset, shape, strides, (int) count);
      return new TensorView("", storage.dtype(), shape, data);
    } catch (ArithmeticException overflow) {
      throw new Refused("a tensor's shape or stride is no size");
    }
  }

  /**
   * The elements of a tensor whose storage holds them in another order, such as a transposed one.
   */
  private MemorySegment gather(
      MemorySegment from, int width, long offset, List<Long> shape, List<Long> strides, int count)
      throws Refused {
    gathered = Math.addExact(gathered, (long) count * width);
    if (gathered > size) {
      throw new Refused("its tensors overlap in a way that would unfold it");
    }
    MemorySegment to = MemorySegment.ofArray(new byte[Math.multiplyExact(count, width)]);
    for (int i = 0; i < count; i++) {
      long index = offset;
      long rest = i;
      for (int axis = shape.size() - 1; axis >= 0; axis--) {
        index += rest % shape.get(axis) * strides.get(axis);
        rest /= shape.get(axis);
      }
      MemorySegment.copy(from, index * width, to, (long) i * width, width);
    }
    return to;
  }

  private static List<Long> sizes(List<?> values) throws Refused {
    List<Long> sizes = new ArrayList<>();
    for (int i = 0; i < values.size(); i++) {
      long size = argument(values, i, Long.class);
      if (size < 0) {
        throw new Refused("a tensor has a negative size or stride");
      }
      sizes.add(size);
    }
    return sizes;
  }

  private static <T> T argument(List<?> arguments, int index, Class<T> type) throws Refused {
    Optional<Object> value =
        index < arguments.size() ? Optional.of(arguments.get(index)) : Optional.empty();
    return value
        .filter(type::isInstance)
        .map(type::cast)
        .orElseThrow(() -> new Refused("the pickle describes a tensor as torch.save never does"));
  }

  /** All bytes of an entry, which {@code torch.save} never compresses. */
  private byte[] content(ZipEntry entry, int cap) throws IOException, Refused {
    long length = entry.getSize();
    if (entry.getMethod() != ZipEntry.STORED || entry.getCompressedSize() != length) {
      throw new Refused(
          "%s is compressed; torch.save never does that".formatted(shown(entry.getName())));
    }
    if (length < 0 || length > cap || length > size - read) {
      throw new Refused("%s gives a size of %,d bytes".formatted(shown(entry.getName()), length));
    }
    read += length;
    byte[] content = new byte[(int) length];
    try (var in = new DataInputStream(zip.getInputStream(entry))) {
      in.readFully(content);
    } catch (EOFException cut) {
      throw new Refused("%s is cut short".formatted(shown(entry.getName())));
    }
    return content;
  }

  private static String shown(String text) {
    String printable = text.replaceAll("[^ -~]", "?");
    return printable.length() > 60 ? printable.substring(0, 60) + "…" : printable;
  }
}
