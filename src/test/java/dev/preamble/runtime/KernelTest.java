package dev.preamble.runtime;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import com.google.protobuf.InvalidProtocolBufferException;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Java computes a graph's node in the midst of a run. */
class KernelTest {
  private static final ElementType FLOAT = ElementType.FLOAT32;
  private static final SessionOptions TWO = SessionOptions.defaults().withThreads(2);
  private static final float[] X = {1, -2, 3.5f};

  /** An operator of one input and one output. */
  private static Kernel own(String name, Kernel.Computation work) {
    return new Kernel(name, List.of(FLOAT), 1, 1, work);
  }

  private static void twice(KernelCall call) {
    MemorySegment x = call.input(0);
    MemorySegment y = call.output(0, call.shape(0));
    for (long i = 0; i < call.shape(0)[0]; i++) {
      y.setAtIndex(JAVA_FLOAT, i, 2 * x.getAtIndex(JAVA_FLOAT, i));
    }
  }

  @Test
  void aNodeIsComputed() {
    assertArrayEquals(
        new float[] {2, -4, 7}, run(own("Twice", KernelTest::twice), node("Twice", "y", "x")));
    try (Session session = open(own("Twice", KernelTest::twice), node("Twice", "y", "x"))) {
      assertArrayEquals(new float[0], run(session, new float[0]));
    }
  }

  @Test
  void anInputMayBeLeftOut() {
    Kernel kernel =
        new Kernel(
            "Plus",
            List.of(FLOAT, FLOAT),
            1,
            1,
            call -> {
              MemorySegment y = call.output(0, call.shape(0));
              y.copyFrom(call.input(0));
              call.optional(1)
                  .ifPresent(
                      term -> {
                        for (long i = 0; i < call.shape(1)[0]; i++) {
                          float sum = y.getAtIndex(JAVA_FLOAT, i) + term.getAtIndex(JAVA_FLOAT, i);
                          y.setAtIndex(JAVA_FLOAT, i, sum);
                        }
                      });
            });
    assertArrayEquals(X, run(kernel, node("Plus", "y", "x")));
    assertArrayEquals(X, run(kernel, node("Plus", "y", "x", "")));
    assertArrayEquals(new float[] {2, -4, 7}, run(kernel, node("Plus", "y", "x", "x")));

    Kernel asking = new Kernel("Asks", List.of(FLOAT, FLOAT), 1, 1, call -> call.input(1));
    OrtException refused =
        assertThrows(OrtException.class, () -> run(asking, node("Asks", "y", "x")));
    assertTrue(refused.getMessage().contains("input 1 is left out"), refused.getMessage());
  }

  @Test
  void aRequiredInputMustBeThere() {
    Kernel kernel = new Kernel("Both", List.of(FLOAT, FLOAT), 2, 1, KernelTest::twice);
    assertThrows(OrtException.class, () -> open(kernel, node("Both", "y", "x")));
  }

  @Test
  void aNodeMayGiveTwo() {
    Kernel kernel =
        new Kernel(
            "Halves",
            List.of(FLOAT, FLOAT),
            2,
            2,
            call -> {
              MemorySegment x = call.input(0);
              long count = call.shape(0)[0];
              MemorySegment whole = call.output(0, count);
              MemorySegment half = call.output(1, count);
              for (long i = 0; i < count; i++) {
                float value = x.getAtIndex(JAVA_FLOAT, i);
                half.setAtIndex(JAVA_FLOAT, i, value / 2);
                whole.setAtIndex(JAVA_FLOAT, i, value);
              }
            });
    NodeProto halves = node("Halves", "whole", "x", "x").toBuilder().addOutput("half").build();
    assertArrayEquals(
        new float[] {0.5f, -1, 1.75f}, run(kernel, halves, stock("Sub", "y", "whole", "half")));
  }

  @Test
  void anInputHasItsOwnElementType() {
    Kernel kernel =
        new Kernel(
            "Pick",
            List.of(FLOAT, ElementType.INT64),
            2,
            1,
            call -> {
              MemorySegment y = call.output(0, call.shape(1));
              for (long i = 0; i < call.shape(1)[0]; i++) {
                long place = call.input(1).getAtIndex(JAVA_LONG, i);
                y.setAtIndex(JAVA_FLOAT, i, call.input(0).getAtIndex(JAVA_FLOAT, place));
              }
            });
    // NonZero of (1, -2, 3.5) > 0 is [[0, 2]].
    NodeProto[] nodes = {
      stock("Sub", "zero", "x", "x"),
      stock("Greater", "positive", "x", "zero"),
      stock("NonZero", "found", "positive"),
      stock("Squeeze", "places", "found"),
      node("Pick", "y", "x", "places")
    };
    assertArrayEquals(new float[] {1, 3.5f}, run(kernel, nodes));
    assertThrows(OrtException.class, () -> open(kernel, node("Pick", "y", "x", "x")));
  }

  @Test
  void theResultLiesWhereAnInputDies() {
    AtomicBoolean inPlace = new AtomicBoolean();
    Kernel kernel =
        own(
            "Twice",
            call -> {
              long before = call.input(0).address();
              twice(call);
              inPlace.set(call.output(0, call.shape(0)).address() == before);
            });
    NodeProto first = stock("Add", "t", "x", "x");
    NodeProto middle = node("Twice", "u", "t");
    assertArrayEquals(new float[] {-4, 8, -14}, run(kernel, first, middle, stock("Neg", "y", "u")));
    assertTrue(inPlace.get());
    assertArrayEquals(
        new float[] {6, -12, 21}, run(kernel, first, middle, stock("Add", "y", "u", "t")));
    assertFalse(inPlace.get());
  }

  @Test
  void partsAreSharedByTheThreadsAndEachIsDoneOnce() {
    int parts = 64;
    AtomicIntegerArray done = new AtomicIntegerArray(parts);
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    Kernel kernel =
        own(
            "Twice",
            call -> {
              call.inParallel(
                  parts,
                  part -> {
                    threads.add(Thread.currentThread());
                    done.incrementAndGet(part);
                    pause();
                  });
              assertEquals(parts, IntStream.range(0, parts).map(done::get).sum());
              twice(call);
            });
    assertArrayEquals(new float[] {2, -4, 7}, run(kernel, node("Twice", "y", "x")));
    IntStream.range(0, parts).forEach(part -> assertEquals(1, done.get(part), "part " + part));
    assertEquals(2, threads.size());
  }

  @Test
  void whatAKernelThrowsEndsTheRunAlone() {
    for (boolean inPart : new boolean[] {false, true}) {
      AtomicBoolean broken = new AtomicBoolean(true);
      Kernel kernel =
          own(
              "Twice",
              call -> {
                call.inParallel(
                    8,
                    part -> {
                      if (inPart && part == 5 && broken.get()) {
                        throw new IllegalStateException("part five is missing");
                      }
                    });
                if (!inPart && broken.get()) {
                  throw new StackOverflowError("no bottom");
                }
                twice(call);
              });
      try (Session session = open(kernel, node("Twice", "y", "x"))) {
        OrtException thrown = assertThrows(OrtException.class, () -> run(session, X));
        String told = inPart ? "part five is missing" : "no bottom";
        assertTrue(thrown.getMessage().contains(told), thrown.getMessage());
        assertTrue(thrown.getMessage().contains("kernel Twice"), thrown.getMessage());
        broken.set(false);
        assertArrayEquals(new float[] {2, -4, 7}, run(session, X));
      }
    }
  }

  @Test
  void aKernelThatIsNotThereIsRefusedByName() {
    Kernel kernel = own("Twice", KernelTest::twice);
    OrtException refused =
        assertThrows(OrtException.class, () -> open(kernel, node("Thrice", "y", "x")));
    assertTrue(refused.getMessage().contains("Thrice"), refused.getMessage());
    byte[] graph = graph(node("Twice", "y", "x"));
    assertThrows(OrtException.class, () -> Session.open(graph, TWO));
  }

  @Test
  void sessionsAndThreadsDoNotDisturbEachOther() {
    Kernel twice = own("Change", call -> inOneOfFourParts(call, 2));
    Kernel thrice = own("Change", call -> inOneOfFourParts(call, 3));
    try (Session doubles = open(twice, node("Change", "y", "x"));
        Session triples = open(thrice, node("Change", "y", "x"))) {
      List<Boolean> right =
          IntStream.range(0, 200)
              .parallel()
              .mapToObj(
                  number -> {
                    int factor = 2 + number % 2;
                    float found = run(factor == 2 ? doubles : triples, new float[] {number})[0];
                    return found == factor * number;
                  })
              .toList();
      assertEquals(Collections.nCopies(200, true), right);
    }
  }

  private static void inOneOfFourParts(KernelCall call, float factor) {
    MemorySegment x = call.input(0);
    MemorySegment y = call.output(0, 1);
    call.inParallel(
        4,
        part -> {
          if (part == 3) {
            y.set(JAVA_FLOAT, 0, factor * x.get(JAVA_FLOAT, 0));
          }
        });
  }

  @Test
  void anotherThreadThatAsksIsRefused() {
    Kernel kernel =
        own(
            "Twice",
            call -> {
              for (Runnable asking :
                  List.<Runnable>of(() -> call.input(0), () -> call.output(0, 1))) {
                assertThrows(
                    CompletionException.class, () -> CompletableFuture.runAsync(asking).join());
              }
              twice(call);
            });
    assertArrayEquals(new float[] {2, -4, 7}, run(kernel, node("Twice", "y", "x")));
  }

  @Test
  void aKernelMayRunASessionWithKernels() {
    try (Session inner = open(own("Twice", KernelTest::twice), node("Twice", "y", "x"))) {
      Kernel outer =
          own(
              "Twice",
              call -> {
                float[] twice = run(inner, X);
                MemorySegment y = call.outputLike(0, 0);
                MemorySegment.copy(twice, 0, y, JAVA_FLOAT, 0, twice.length);
              });
      assertArrayEquals(
          new float[] {-2, 4, -7}, run(outer, node("Twice", "t", "x"), stock("Neg", "y", "t")));
    }
  }

  @Test
  void aRunIsTerminatedBehindAKernel() {
    try (RunOptions options = new RunOptions()) {
      AtomicBoolean terminating = new AtomicBoolean(true);
      Kernel kernel =
          own(
              "Twice",
              call -> {
                if (terminating.get()) {
                  options.terminate();
                }
                twice(call);
              });
      try (Session session = open(kernel, node("Twice", "t", "x"), stock("Neg", "y", "t"));
          Tensor x = Tensor.floats(X, X.length)) {
        OrtException stopped =
            assertThrows(
                OrtException.class, () -> session.run(Map.of("x", x), List.of("y"), options));
        assertTrue(stopped.getMessage().contains("terminate"), stopped.getMessage());
        terminating.set(false);
        options.reset();
        try (Tensor y = session.run(Map.of("x", x), List.of("y"), options).get("y")) {
          assertArrayEquals(new float[] {-2, 4, -7}, y.toFloats());
        }
      }
    }
  }

  @Test
  void nothingStaysOpen() {
    run(own("Twice", KernelTest::twice), node("Twice", "y", "x"));
    int before = OpenHandles.count();
    run(own("Twice", KernelTest::twice), node("Twice", "y", "x"));
    Kernel broken =
        own(
            "Twice",
            call -> {
              throw new IllegalStateException("broken");
            });
    assertThrows(OrtException.class, () -> run(broken, node("Twice", "y", "x")));
    assertThrows(OrtException.class, () -> open(broken, node("Thrice", "y", "x")));
    assertEquals(before, OpenHandles.count());
  }

  private static float[] run(Kernel kernel, NodeProto... nodes) {
    try (Session session = open(kernel, nodes)) {
      return run(session, X);
    }
  }

  private static float[] run(Session session, float[] values) {
    try (Tensor x = Tensor.floats(values, values.length);
        Tensor y = session.run(Map.of("x", x)).get("y")) {
      return y.toFloats();
    }
  }

  private static Session open(Kernel kernel, NodeProto... nodes) {
    return Session.open(graph(nodes), TWO.withKernels(List.of(kernel)));
  }

  /** From x [n] and what the nodes give each other to y. */
  private static byte[] graph(NodeProto... nodes) {
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .addInput(TinyGraphs.value("x", FLOAT, "n"))
            .addOutput(TinyGraphs.value("y", FLOAT, "m"))
            .addAllNode(List.of(nodes));
    for (String between : List.of("t", "u", "whole", "half")) {
      if (List.of(nodes).stream().anyMatch(node -> node.getOutputList().contains(between))) {
        graph.addValueInfo(TinyGraphs.value(between, FLOAT, "n"));
      }
    }
    try {
      return ModelProto.parseFrom(TinyGraphs.model(graph)).toBuilder()
          .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain(Kernel.DOMAIN).setVersion(1))
          .build()
          .toByteArray();
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(e);
    }
  }

  private static NodeProto node(String kernel, String output, String... inputs) {
    return stock(kernel, output, inputs).toBuilder().setDomain(Kernel.DOMAIN).build();
  }

  private static NodeProto stock(String type, String output, String... inputs) {
    return TinyGraphs.node(type, List.of(inputs), output);
  }

  private static void pause() {
    try {
      Thread.sleep(2);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
