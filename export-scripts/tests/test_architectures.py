"""Every supported architecture, as a tiny random model: its graph, its manifest, its numbers."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path

from preamble_export import tiny
from preamble_export.architectures import SUPPORTED

from .running import SCRIPTS, export

DIMENSIONS = ("batch", "sequence", "positions", "capacity", "total")

# What the nodes of every graph are made of.
COMMON = {"FusedMatMul", "GroupQueryAttention", "GatherND", "Unsqueeze", "Add"}
ROTARY = {"RotaryEmbedding", "Cos", "Sin", "Mul", "Cast"}
GATED = {"SimplifiedLayerNormalization", "Sigmoid"} | ROTARY
OPERATORS = {
    "llama": GATED,
    "mistral": GATED,
    "qwen2": GATED,
    "qwen3": GATED | {"Reshape"},
    "smollm3": GATED,
    "phi3": GATED | {"Split"},
    "phi3-long": GATED | {"Split"},
    "gemma2": ROTARY | {"SimplifiedLayerNormalization", "Gelu", "Div", "Tanh"},
    "gemma3": ROTARY | {"SimplifiedLayerNormalization", "Gelu", "Reshape"},
    "gpt2": {"LayerNormalization", "MatMul", "Gelu", "Split", "Gather"},
    "opt": {"LayerNormalization", "Relu", "Gather"},
    "opt-post-norm": {"LayerNormalization", "Relu", "Gather"},
    "gpt_neox": ROTARY | {"LayerNormalization", "Gelu", "Split", "Reshape"},
    "gpt_neox-sequential": ROTARY | {"LayerNormalization", "Gelu", "Split", "Reshape"},
    "bloom": {"LayerNormalization", "Gelu", "Split", "Reshape", "Range", "Cast", "Sub", "Mul"},
}
WINDOWS = {
    "mistral": [6, 6],
    "qwen2": [None, 5],
    "phi3": [7, 7],
    "gemma2": [6, None],
    "gemma3": [6, None, 6],
}
# Exported a second time.
AGAIN = ("llama", "phi3-long", "gemma3", "gpt_neox", "bloom")
HEADS = {"llama": (2, 8), "gemma3": (2, 16), "mistral": (2, 16), "phi3": (2, 8), "gpt2": (4, 8), "bloom": (6, 8)}


class ArchitecturesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        for name in tiny.CONFIGURATIONS:
            tiny.save(name, cls.folder / name)
        # The same again, in a process that orders its sets differently.
        cls.again = subprocess.Popen(
            [sys.executable, "-m", "tests.running", str(cls.folder), str(cls.folder / "again"), *AGAIN],
            cwd=SCRIPTS,
            env={**os.environ, "PYTHONHASHSEED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        cls.exports = {
            name: export(cls.folder / name, cls.folder / "out" / name, "--name", name) for name in tiny.CONFIGURATIONS
        }

    @classmethod
    def tearDownClass(cls):
        cls.again.kill()
        cls.again.communicate()

    def graph(self, name):
        import onnx

        return onnx.load(self.folder / "out" / name / "preamble.onnx", load_external_data=False).graph

    def manifest(self, name):
        return json.loads((self.folder / "out" / name / "preamble.json").read_text())

    def test_every_architecture_has_a_tiny_model(self):
        self.assertEqual({model_type for model_type, _ in tiny.CONFIGURATIONS.values()}, set(SUPPORTED))

    def test_prefill_and_cached_decode_agree_with_pytorch(self):
        for name, (code, out, err) in self.exports.items():
            with self.subTest(name):
                self.assertEqual(code, 0, out + err)
                self.assertRegex(out, r"worst difference of a logit from PyTorch: \d\.\de-0[5-9]")

    def test_nodes_are_those_of_the_model_and_no_others(self):
        for name, particular in OPERATORS.items():
            with self.subTest(name):
                found = Counter(node.op_type for node in self.graph(name).node)
                self.assertEqual(set(found) - particular - COMMON, set())
                layers = len(self.manifest(name)["key_value"])
                self.assertEqual(found["GroupQueryAttention"], layers)
                for operator, most in (("Gelu", 1), ("Reshape", 4), ("Split", 2), ("LayerNormalization", 3)):
                    self.assertLessEqual(found[operator], most * layers + 1, operator)

    def test_every_value_has_a_type_and_a_static_rank(self):
        for name in self.exports:
            graph = self.graph(name)
            described = {v.name: v.type.tensor_type for v in (*graph.value_info, *graph.input, *graph.output)}
            for value in (output for node in graph.node for output in node.output):
                self.assertTrue(described[value].elem_type, f"{name}: {value}")
                for dim in described[value].shape.dim:
                    self.assertTrue(dim.dim_value > 0 or dim.dim_param in DIMENSIONS, f"{name}: {value}: {dim}")

    def test_every_parameter_lies_in_the_checkpoint_as_it_is_stored(self):
        from safetensors import safe_open

        for name in self.exports:
            weights = self.folder / name / "model.safetensors"
            content = weights.read_bytes()
            with self.subTest(name), safe_open(weights, "numpy") as checkpoint:
                outside = set(checkpoint.keys())
                for tensor in self.graph(name).initializer:
                    if not tensor.external_data:
                        self.assertLess(len(tensor.raw_data), 256, tensor.name)
                        continue
                    place = {entry.key: entry.value for entry in tensor.external_data}
                    start = int(place["offset"])
                    stored = checkpoint.get_tensor(tensor.name)
                    self.assertEqual(content[start : start + int(place["length"])], stored.tobytes())
                    self.assertEqual(tuple(tensor.dims), stored.shape)
                    outside.remove(tensor.name)
                tied = self.manifest(name)["embedding"]["tensor"]
                self.assertLessEqual(outside, {tied})
            made = {path.name for path in (self.folder / "out" / name).glob("preamble.*")}
            self.assertEqual(made, {"preamble.json", "preamble.onnx"})

    def test_manifests_know_windows_heads_and_scale(self):
        for name in self.exports:
            with self.subTest(name):
                manifest = self.manifest(name)
                layers = manifest["key_value"]
                self.assertEqual([layer["window"] for layer in layers], WINDOWS.get(name, [None] * len(layers)))
                if name in HEADS:
                    self.assertEqual({(layer["heads"], layer["head_size"]) for layer in layers}, {HEADS[name]})
                scale = 32**0.5 if name.startswith("gemma") else 1.0
                self.assertAlmostEqual(manifest["embedding"]["scale"], scale, places=6)
                self.assertEqual(manifest["hidden_size"], manifest["embedding"]["shape"][1])
                self.assertEqual(manifest["context_length"], {"bloom": 2048, "phi3-long": 40}.get(name, 64))

    def test_a_longrope_model_has_all_positions_by_the_factors_for_long_texts(self):
        code, out, err = export(self.folder / "phi3-long", self.folder / "long", "--long-context")
        self.assertEqual(code, 0, out + err)
        self.assertIn("worst difference of a logit from PyTorch", out)
        manifest = json.loads((self.folder / "long" / "preamble.json").read_text())
        self.assertEqual(manifest["context_length"], 64)
        short = self.folder / "out" / "phi3-long" / "preamble.onnx"
        self.assertNotEqual((self.folder / "long" / "preamble.onnx").read_bytes(), short.read_bytes())
        code, out, err = export(self.folder / "phi3", self.folder / "no", "--long-context")
        self.assertEqual(code, 2)
        self.assertIn("--long-context: expected a model with rope_type longrope", err)

    def test_exporting_twice_gives_the_same_bytes(self):
        output, _ = self.again.communicate(timeout=600)
        self.assertEqual(self.again.returncode, 0, output)
        for name in AGAIN:
            for file in ("preamble.onnx", "preamble.json"):
                first, second = (self.folder / run / name / file for run in ("out", "again"))
                self.assertEqual(first.read_bytes(), second.read_bytes(), f"{name}: {file}")


class NamesTest(unittest.TestCase):
    def test_a_checkpoint_of_the_base_model_alone_gives_the_same_graph(self):
        from safetensors.torch import load_file, save_file

        with tempfile.TemporaryDirectory() as folder:
            model = tiny.save("gpt2", Path(folder) / "model")
            weights = load_file(model / "model.safetensors")
            short = {name.removeprefix("transformer."): tensor for name, tensor in weights.items()}
            save_file(short, model / "model.safetensors", metadata={"format": "pt"})
            code, out, err = export(model)
            self.assertEqual(code, 0, out + err)
            manifest = json.loads((model / "preamble.json").read_text())
            self.assertEqual(manifest["embedding"]["tensor"], "wte.weight")


if __name__ == "__main__":
    unittest.main()
