"""The oracle's process: its answers agree with each other and errors do not end it."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

SCRIPTS = Path(__file__).resolve().parents[1]
MODEL = str(SCRIPTS.parent / "test-fixtures" / "stories260K")
TINY_GPT2 = str(SCRIPTS.parent / "test-fixtures" / "tiny-gpt2")


class OracleTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.process = subprocess.Popen(
            [sys.executable, str(SCRIPTS / "oracle.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.adapter = str(cls.folder / "adapter")
        cls.ids = cls.ask("tokenize", model=MODEL, texts=["Lily saw a big red ball"])["token_ids"][0]
        batches = [[{"token_ids": cls.ids, "labels": cls.ids}]] * 3
        cls.ask(
            "make_adapter", model=MODEL, out=cls.adapter, virtual_tokens=4, seed=1, scale=0.1, batches=batches, lr=0.1
        )

    @classmethod
    def tearDownClass(cls):
        cls.process.stdin.close()
        code = cls.process.wait(60)
        cls.process.stdout.close()
        assert code == 0, code

    @classmethod
    def ask(cls, command, **arguments):
        cls.process.stdin.write(json.dumps({"command": command, **arguments}) + "\n")
        cls.process.stdin.flush()
        return json.loads(cls.process.stdout.readline())

    def logits(self, ids):
        out = str(self.folder / "logits.safetensors")
        self.ask("logits", model=MODEL, adapter=self.adapter, token_ids=ids, out=out)
        return load_file(out)

    def test_hello_tells_versions_and_threads(self):
        answer = self.ask("hello", threads=1)
        self.assertEqual(answer["threads"], 1)
        self.assertIn("peft", answer["versions"])
        self.assertIsInstance(answer["blas_fast_path"], bool)

    def test_generate_is_the_greedy_path_through_logits(self):
        ids = list(self.ids)
        for _ in range(8):
            ids.append(int(self.logits(ids)["logits"][-1].argmax()))
        answer = self.ask("generate", model=MODEL, adapter=self.adapter, token_ids=self.ids, max_new_tokens=8)
        self.assertEqual(answer["token_ids"], ids[len(self.ids) :])

    def test_loss_of_gradient_is_the_cross_entropy_of_logits(self):
        found = self.logits(self.ids)
        scores = np.concatenate([found["first"][None], found["logits"][:-1]]).astype(np.float64)
        expected = np.mean([np.log(np.exp(s - s[i]).sum()) for s, i in zip(scores, self.ids, strict=True)])
        rows = [{"token_ids": self.ids, "labels": self.ids}, {"token_ids": self.ids[:2], "labels": [-100, -100]}]
        gradients = []
        for dtype in ("float32", "float64"):
            out = str(self.folder / f"{dtype}.safetensors")
            prompt = f"{self.adapter}/adapter_model.safetensors"
            answer = self.ask("gradient", model=MODEL, prompt=prompt, rows=rows, out=out, dtype=dtype)
            self.assertAlmostEqual(answer["loss"], expected, places=5)
            gradients.append(load_file(out)["gradient"])
        difference = np.linalg.norm(gradients[0] - gradients[1]) / np.linalg.norm(gradients[1])
        self.assertLess(difference, 1e-4)

    def test_the_packed_step_by_hand_has_peft_loss_and_gradient(self):
        rows = [
            {"token_ids": [7, 8, 9, 10], "labels": [7, 8, 9, 10]},
            {"token_ids": [30, 20, 10, 40], "labels": [-100, -100, 10, 40]},
        ]
        for model, hidden in ((MODEL, 64), (TINY_GPT2, 48)):
            prompt, answers = str(self.folder / "prompt.safetensors"), []
            save_file({"prompt_embeddings": np.random.default_rng(1).normal(size=(3, hidden)).astype("f4")}, prompt)
            for by_hand in (False, True):
                out = str(self.folder / "gradient.safetensors")
                answer = self.ask("gradient", model=model, prompt=prompt, rows=rows, out=out, by_hand=by_hand)
                answers.append((answer["loss"], load_file(out)["gradient"]))
            (loss, gradient), (loss_by_hand, gradient_by_hand) = answers
            self.assertAlmostEqual(loss_by_hand, loss, places=5)
            error = np.linalg.norm(gradient_by_hand - gradient) / np.linalg.norm(gradient)
            self.assertLess(error, 1e-5)
        uneven = [rows[0], {"token_ids": [1], "labels": [1]}]
        prompt = f"{self.adapter}/adapter_model.safetensors"
        refused = self.ask("gradient", model=MODEL, prompt=prompt, rows=uneven, out="x", by_hand=True)
        self.assertIn("rows of one length", refused["error"])

    def test_a_product_is_timed(self):
        for dtype in ("float32", "bfloat16"):
            seconds = self.ask("time_product", size=64, steps=3, dtype=dtype)["seconds"]
            self.assertEqual(3, len(seconds))
            self.assertTrue(all(each > 0 for each in seconds))
        self.assertIn("float31", self.ask("time_product", size=64, steps=1, dtype="float31")["error"])

    def test_trace_follows_its_schedule_and_saves_an_adapter_that_peft_opens(self):
        batches = [[{"token_ids": self.ids, "labels": self.ids}]] * 4
        out = str(self.folder / "trained")
        answer = self.ask(
            "train_trace",
            model=MODEL,
            adapter=self.adapter,
            batches=batches,
            lr=0.4,
            schedule="linear",
            warmup_steps=2,
            out=out,
        )
        np.testing.assert_allclose(answer["learning_rates"], [0, 0.2, 0.4, 0.2])
        self.assertEqual(answer["losses"][0], answer["losses"][1])
        self.assertNotEqual(answer["losses"][1], answer["losses"][2])
        scored = self.ask("accuracy", model=MODEL, adapter=out, rows=[self.ids], label_token_ids=[5], answers=[0])
        self.assertEqual(scored["accuracy"], 1.0)

    def test_an_error_is_answered_and_the_process_goes_on(self):
        answer = self.ask("logits", model="nowhere", token_ids=[1], out="x")
        self.assertIn("nowhere", answer["error"])
        self.assertIn("Traceback", answer["traceback"])
        self.assertIn("unknown command", self.ask("sing")["error"])
        self.assertIn("versions", self.ask("hello"))


if __name__ == "__main__":
    unittest.main()
