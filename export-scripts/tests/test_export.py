"""The exporter on stories260K, on a tiny model that uses what stories260K does not, and on bad input."""

import errno
import json
import os
import shutil
import tempfile
import unittest
from collections import Counter
from pathlib import Path
from unittest import mock

from .running import FIXTURES, export

STORIES = FIXTURES / "stories260K"
DIMENSIONS = ("batch", "sequence", "positions", "capacity")


class TemporaryFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def copy(self, **changes) -> Path:
        """stories260K as it was before it was exported, with changes of its configuration."""
        model = shutil.copytree(STORIES, self.folder / "model", ignore=shutil.ignore_patterns("preamble.*"))
        if changes:
            config = json.loads((model / "config.json").read_text())
            (model / "config.json").write_text(json.dumps({**config, **changes}))
        return model

    def refuses(self, *arguments, saying: str):
        """Exit code 2, one line on standard error, nothing written."""
        before = sorted(self.folder.rglob("*"))
        code, _, err = export(*arguments)
        self.assertEqual(code, 2)
        self.assertEqual(err.count("\n"), 1, err)
        self.assertIn(saying, err)
        self.assertEqual(sorted(self.folder.rglob("*")), before)


class StoriesTest(TemporaryFolder):
    def test_export_agrees_with_pytorch_and_repeats_the_fixture_byte_for_byte(self):
        out = self.folder / "out"
        code, text, _ = export(self.copy(), out, "--name", "stories260K")
        self.assertEqual(code, 0, text)
        self.assertRegex(text, r"worst difference of a logit from PyTorch: \d\.\de-0[5-9]")
        for file in ("preamble.onnx", "preamble.json"):
            self.assertEqual((out / file).read_bytes(), (STORIES / file).read_bytes(), file)
        weights = "model.safetensors"
        self.assertTrue((out / weights).samefile(self.folder / "model" / weights), "weights were copied")
        self.assertEqual({p.name for p in out.iterdir()}, {p.name for p in STORIES.iterdir()})
        self.assertEqual([p.name for p in self.folder.iterdir() if p.name.startswith(".")], [])

    def test_export_into_the_model_itself_adds_two_files(self):
        model = self.copy(num_hidden_layers=1)
        before = {p.name: p.read_bytes() for p in model.iterdir()}
        code, text, _ = export(model, "--no-verify")
        self.assertEqual(code, 0, text)
        after = {p.name: p.read_bytes() for p in model.iterdir()}
        self.assertEqual(after.keys() - before.keys(), {"preamble.onnx", "preamble.json"})
        self.assertEqual({name: after[name] for name in before}, before)

    def test_a_graph_that_disagrees_is_not_published(self):
        model = self.copy(num_hidden_layers=1)
        with mock.patch("preamble_export.verify.LIMIT", 0.0):
            code, _, err = export(model, self.folder / "out")
        self.assertEqual(code, 1)
        self.assertIn("does not agree with PyTorch", err)
        self.assertEqual([p.name for p in self.folder.iterdir()], ["model"])


class GraphTest(unittest.TestCase):
    """What the graphs under test-fixtures are made of."""

    def setUp(self):
        import onnx

        self.graphs = {
            name: onnx.load(FIXTURES / name / "preamble.onnx", load_external_data=False).graph
            for name in ("stories15M", "stories260K")
        }

    def test_nodes_are_those_of_the_model_and_no_others(self):
        expected = {
            "FusedMatMul": 36,
            "Mul": 11,
            "SimplifiedLayerNormalization": 11,
            "RotaryEmbedding": 10,
            "Add": 10,
            "GroupQueryAttention": 5,
            "Sigmoid": 5,
            "Unsqueeze": 2,
            "Cast": 1,
            "Cos": 1,
            "Sin": 1,
            "GatherND": 1,
        }
        self.assertEqual(Counter(n.op_type for n in self.graphs["stories260K"].node), expected)

    def test_every_value_has_a_type_and_a_static_rank(self):
        for graph in self.graphs.values():
            described = {v.name: v.type.tensor_type for v in (*graph.value_info, *graph.input, *graph.output)}
            for value in (output for node in graph.node for output in node.output):
                self.assertTrue(described[value].elem_type, value)
                for dim in described[value].shape.dim:
                    self.assertTrue(dim.dim_value > 0 or dim.dim_param in DIMENSIONS, f"{value}: {dim}")

    def test_every_weight_lies_in_the_checkpoint(self):
        from safetensors import safe_open

        for name, graph in self.graphs.items():
            content = (FIXTURES / name / "model.safetensors").read_bytes()
            with safe_open(FIXTURES / name / "model.safetensors", "numpy") as checkpoint:
                inline = set()
                for tensor in graph.initializer:
                    if not tensor.external_data:
                        inline.add(tensor.name)
                        continue
                    place = {entry.key: entry.value for entry in tensor.external_data}
                    start = int(place["offset"])
                    stored = checkpoint.get_tensor(tensor.name)
                    self.assertEqual(place["location"], "model.safetensors")
                    self.assertEqual(content[start : start + int(place["length"])], stored.tobytes())
                    self.assertEqual(tuple(tensor.dims), stored.shape)
                self.assertEqual(inline, {"constant", "model.rotary_emb.inv_freq"})


class OtherLlamaTest(TemporaryFolder):
    def test_sharded_bfloat16_biases_wide_heads_untied_and_scaled_rotary(self):
        import torch
        from transformers import LlamaConfig, LlamaForCausalLM
        from transformers.utils import logging

        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=99,
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=16,
            max_position_embeddings=64,
            attention_bias=True,
            mlp_bias=True,
            tie_word_embeddings=False,
            initializer_range=0.2,
            rope_parameters={
                "rope_type": "llama3",
                "rope_theta": 10000.0,
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 32,
            },
        )
        model = LlamaForCausalLM(config).to(torch.bfloat16)
        logging.disable_progress_bar()
        model.save_pretrained(self.folder / "model", max_shard_size="20KB")
        with mock.patch("preamble_export.weights.INLINE_LIMIT", 16):
            code, text, err = export(self.folder / "model", self.folder / "out")
        self.assertEqual(code, 0, text + err)
        manifest = json.loads((self.folder / "out" / "preamble.json").read_text())
        files = [entry["file"] for entry in manifest["weights"]["files"]]
        self.assertGreater(len(files), 2)
        self.assertEqual(files[-1], "preamble.weights.safetensors")
        self.assertEqual(manifest["weights"]["dtype"], "bfloat16")
        self.assertEqual(manifest["key_value"], [{"heads": 2, "head_size": 16, "window": None}] * 2)
        self.assertIsNone(manifest["tokenizer"])


class RefusalTest(TemporaryFolder):
    def test_an_unsupported_architecture_is_named_with_the_supported_ones(self):
        self.refuses(self.copy(model_type="t5"), saying="model_type 't5'; supported: bloom")

    def test_an_unsupported_rotary_embedding_is_named(self):
        scaling = {"rope_type": "dynamic", "factor": 2.0}
        self.refuses(self.copy(rope_scaling=scaling), saying="rope_type 'dynamic'")

    def test_a_missing_directory(self):
        self.refuses(self.folder / "nowhere", self.folder / "out", saying="no such directory")

    def test_missing_files_are_named(self):
        for file in ("config.json", "model.safetensors"):
            with self.subTest(file):
                model = self.copy()
                (model / file).unlink()
                self.refuses(model, saying=file)
                shutil.rmtree(model)

    def test_a_missing_shard_is_named(self):
        model = self.copy()
        (model / "model.safetensors").unlink()
        index = {"weight_map": {"model.norm.weight": "model-00001-of-00002.safetensors"}}
        (model / "model.safetensors.index.json").write_text(json.dumps(index))
        self.refuses(model, saying="model-00001-of-00002.safetensors is missing")

    def test_weights_cut_off(self):
        model = self.copy()
        weights = (model / "model.safetensors").read_bytes()
        (model / "model.safetensors").write_bytes(weights[:-1])
        self.refuses(model, saying="lies beyond the end of the file")

    def test_weights_of_another_shape(self):
        model = self.copy(vocab_size=500, num_hidden_layers=1)
        self.refuses(model, "--no-verify", saying="config.json asks for [500, 64]")

    def test_heads_that_the_attention_cannot_compute(self):
        self.refuses(self.copy(num_attention_heads=16), "--no-verify", saying="heads of size 4")

    def test_a_configuration_that_transformers_cannot_read(self):
        self.refuses(self.copy(hidden_act=7, num_hidden_layers="five"), saying="transformers cannot read it")

    def test_a_full_disk_leaves_nothing(self):
        model = self.copy(num_hidden_layers=1)
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        for name in ("os.fsync", "shutil.copyfile"):
            with self.subTest(name), mock.patch(f"preamble_export.publish.{name}", side_effect=full):
                with mock.patch("preamble_export.publish.os.link", side_effect=OSError(errno.EXDEV, "another disk")):
                    self.refuses(model, self.folder / "out", "--no-verify", saying="out: no space is left there")

    def test_weights_that_will_not_fit_are_not_begun(self):
        model = self.copy(num_hidden_layers=1)
        with mock.patch("preamble_export.publish.shutil.disk_usage", return_value=mock.Mock(free=1000)):
            self.refuses(
                model, self.folder / "out", "--no-verify", "--quantize", "int8", saying="bytes are needed there and 1,000"
            )

    def test_a_target_below_a_file_or_where_no_folder_can_be(self):
        model = self.copy()
        (self.folder / "file").write_text("mine")
        for out in (self.folder / "file" / "a" / "out", Path("/proc/nowhere/out")):
            self.refuses(model, out, "--no-verify", saying="cannot be written")

    def test_folders_made_for_a_target_go_when_nothing_is_written(self):
        self.refuses(self.copy(vocab_size=500), self.folder / "a" / "b" / "out", "--no-verify", saying="[500, 64]")

    def test_files_are_copied_where_they_cannot_be_linked(self):
        model = self.copy(num_hidden_layers=1)
        with mock.patch("preamble_export.publish.os.link", side_effect=OSError(errno.EXDEV, "another disk")):
            self.assertEqual(export(model, self.folder / "out", "--no-verify")[0], 0)
        copied = self.folder / "out" / "model.safetensors"
        self.assertFalse(copied.samefile(model / "model.safetensors"))
        self.assertEqual(copied.read_bytes(), (model / "model.safetensors").read_bytes())

    def test_a_target_that_is_a_file(self):
        (self.folder / "out").write_text("mine")
        self.refuses(self.copy(), self.folder / "out", "--no-verify", saying="is a file")


if __name__ == "__main__":
    unittest.main()
