"""Half precision and quantised weights: what the graph and the file of ours hold."""

import json
import math
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np

from preamble_export import tiny
from preamble_export.verify import Finding

from .running import FIXTURES, export

OWN = "preamble.weights.safetensors"
VARIANTS = {
    "float16": ("--dtype", "float16"),
    "bfloat16": ("--dtype", "bfloat16"),
    "int8": ("--quantize", "int8"),
    "int4-float16": ("--quantize", "int4", "--dtype", "float16"),
}


def dequantised(codes: np.ndarray, scales: np.ndarray, width: int) -> np.ndarray:
    """[out, in] from the file's codes and scales, as ONNX Runtime documents MatMulNBits."""
    if codes.shape[-1] == 16:
        codes = np.stack([codes & 15, codes >> 4], -1).reshape(*codes.shape[:2], 32).astype(np.float32) - 8
    else:
        codes = codes.astype(np.float32) - 128
    return (codes * scales.astype(np.float32)[..., None]).reshape(len(codes), -1)[:, :width]


class TypesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        # Its weights of width 48 end in half a block.
        cls.model = tiny.save("gpt2", cls.folder / "gpt2")
        cls.runs = {name: export(cls.model, cls.folder / name, *options) for name, options in VARIANTS.items()}

    def graph(self, name):
        import onnx

        return onnx.load(self.folder / name / "preamble.onnx", load_external_data=False).graph

    def manifest(self, name):
        return json.loads((self.folder / name / "preamble.json").read_text())

    def tensors(self, file):
        from safetensors import safe_open

        with safe_open(file, "pt") as opened:
            return {name: opened.get_tensor(name) for name in opened.keys()}

    def test_each_is_compared_with_pytorch_twice_within_its_bounds(self):
        for name, (code, out, err) in self.runs.items():
            with self.subTest(name):
                self.assertEqual(code, 0, out + err)
                self.assertRegex(out, r"PyTorch with the same weights: \d\.\de-0[5-9] \(limit 1e-04\)")
                kind = name.partition("-")[0]
                self.assertRegex(out, rf"relative error of {kind} against the float32 model on random tokens: \d\.\de-0\d \(limit ")

    def test_rows_and_logits_are_float32_and_the_cache_is_what_the_manifest_says(self):
        import onnx

        kinds = onnx.TensorProto
        codes = {"float32": kinds.FLOAT, "float16": kinds.FLOAT16, "bfloat16": kinds.BFLOAT16}
        for name, computes in (("float16", "float16"), ("bfloat16", "bfloat16"), ("int8", "float32")):
            with self.subTest(name):
                graph = self.graph(name)
                types = {v.name: v.type.tensor_type.elem_type for v in (*graph.input, *graph.output)}
                self.assertEqual({types["inputs_embeds"], types["logits"]}, {onnx.TensorProto.FLOAT})
                self.assertEqual(types["past_key_values.0.key"], codes[computes])
                self.assertEqual(self.manifest(name)["dtype"], computes)
        self.assertEqual(self.manifest("int4-float16")["dtype"], "float16")
        self.assertEqual(self.manifest("int4-float16")["weights"]["dtype"], "int4")
        self.assertEqual(self.manifest("float16")["weights"]["dtype"], "float16")
        self.assertEqual(self.manifest("float16")["embedding"]["dtype"], "float32")

    def test_the_file_of_ours_is_a_safetensors_file_with_the_converted_weights(self):
        import torch

        stored = self.tensors(self.model / "model.safetensors")
        for name in ("float16", "bfloat16"):
            ours = self.tensors(self.folder / name / OWN)
            weights = [t for t in self.graph(name).initializer if t.external_data]
            self.assertEqual({t.name for t in weights}, set(ours))
            for key, tensor in ours.items():
                self.assertTrue(torch.equal(tensor, stored[key].to(getattr(torch, name))), key)
            files = {entry["file"]: entry for entry in self.manifest(name)["weights"]["files"]}
            self.assertEqual(files[OWN]["bytes"], (self.folder / name / OWN).stat().st_size)

    def test_quantised_layers_are_all_linear_ones_and_no_element_is_off_by_more_than_half_a_step(self):
        stored = self.tensors(self.model / "model.safetensors")
        for name, bits in (("int8", 8), ("int4-float16", 4)):
            nodes = [node for node in self.graph(name).node if "MatMul" in node.op_type]
            self.assertEqual({node.op_type for node in nodes}, {"MatMulNBits"})
            self.assertEqual(len(nodes), 2 * 4 + 1)
            ours = self.tensors(self.folder / name / OWN)
            for node in nodes:
                codes, scales = (ours[key].numpy() for key in node.input[1:3])
                parameter = node.input[1].rpartition(".int")[0]
                weight = stored.get(parameter, stored["transformer.wte.weight"]).numpy()
                weight = weight.T if ".attn." in parameter or ".mlp." in parameter else weight
                found = dequantised(codes, scales, weight.shape[1])
                step = np.abs(scales.astype(np.float32)).repeat(32, 1)[:, : weight.shape[1]]
                # The end that the largest element does not take is one step short.
                self.assertLessEqual((np.abs(found - weight) / step).max(), 1.01)
                self.assertLess(np.median(np.abs(found - weight) / step), 0.3)
            self.assertEqual(codes.shape[-1], 32 * bits // 8)

    def test_weights_already_of_that_type_are_pointed_at(self):
        model = tiny.save("llama", self.folder / "brain", dtype="bfloat16")
        code, out, err = export(model, self.folder / "pointed", "--dtype", "bfloat16", "--no-verify")
        self.assertEqual(code, 0, out + err)
        self.assertFalse((self.folder / "pointed" / OWN).exists())
        self.assertEqual(self.manifest("pointed")["weights"]["dtype"], "bfloat16")
        self.assertEqual(self.manifest("pointed")["dtype"], "bfloat16")
        places = {e.value for t in self.graph("pointed").initializer for e in t.external_data if e.key == "location"}
        self.assertEqual(places, {"model.safetensors"})

    def test_exporting_twice_gives_the_same_bytes_and_an_export_leaves_nothing_of_the_one_before(self):
        model = tiny.save("gpt2", self.folder / "again")
        for options in (VARIANTS["int4-float16"], ()):
            code, out, err = export(model, "--name", "gpt2", "--no-verify", *options)
            self.assertEqual(code, 0, out + err)
            if options:
                for file in ("preamble.onnx", OWN):
                    twin = self.folder / "int4-float16" / file
                    self.assertEqual((model / file).read_bytes(), twin.read_bytes())
        self.assertEqual({p.name for p in model.glob("*preamble*")}, {"preamble.onnx", "preamble.json"})

    def test_what_float16_cannot_hold_is_refused(self):
        from safetensors.torch import save_file

        model = tiny.save("gpt2", self.folder / "huge")
        weights = self.tensors(model / "model.safetensors")
        weights["transformer.h.0.ln_1.weight"][3] = 1e6
        save_file(weights, model / "model.safetensors", metadata={"format": "pt"})
        code, _, err = export(model, self.folder / "refused", *VARIANTS["float16"], "--no-verify")
        self.assertEqual(code, 2)
        self.assertIn("transformer.h.0.ln_1.weight has values that exceed float16; use --dtype bfloat16", err)
        self.assertFalse((self.folder / "refused").exists())

    def test_codes_in_a_wrong_order_are_found_out(self):
        from preamble_export import quantise

        packed = quantise.QuantisedWeight.packed

        def turned(weight):
            return (part[..., ::-1] for part in packed(weight))

        with mock.patch.object(quantise.QuantisedWeight, "packed", turned):
            code, out, err = export(self.model, self.folder / "wrong", *VARIANTS["int8"])
        self.assertEqual(code, 1, out + err)
        self.assertFalse((self.folder / "wrong").exists())

    def test_a_model_with_a_tokenizer_is_compared_on_a_text(self):
        code, out, err = export(FIXTURES / "tiny-gpt2", self.folder / "text", *VARIANTS["int4-float16"])
        self.assertEqual(code, 0, out + err)
        self.assertIn("relative error of int4 against the float32 model on a text: ", out)

    def test_a_difference_that_is_no_number_does_not_hold(self):
        self.assertFalse(Finding("difference", math.nan, 1.0).holds)
        self.assertTrue(Finding("difference", 1.0, 1.0).holds)


if __name__ == "__main__":
    unittest.main()
