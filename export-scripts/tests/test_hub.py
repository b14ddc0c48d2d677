"""Models by their name on the Hub, from a stand-in of it on this machine, and from its cache."""

import hashlib
import json
import os
import shutil
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest import mock

from preamble_export import tiny

from .running import export

NAME = "someone/tiny-llama"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class _Hub(BaseHTTPRequestHandler):
    """As much of the Hub as fetching files needs; ``server.folder`` is the one model that it has."""

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._answer()

    def do_GET(self):
        self._answer()

    def _answer(self):
        path = self.path.split("?")[0]
        self.server.asked.append(path)
        folder = self.server.folder
        files = {str(p.relative_to(folder)): p for p in sorted(folder.rglob("*")) if p.is_file()}
        api, _, rest = path.partition(f"/api/models/{NAME}/")
        if path.startswith("/api/models/") and not rest:
            return self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        if not api and rest:
            kind, revision = rest.split("/")[:2]
            if revision not in ("main", COMMIT):
                return self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
            if kind == "tree":
                rows = [{"type": "file", "path": f, "size": p.stat().st_size, "oid": "0"} for f, p in files.items()]
                return self._send(200, json.dumps(rows).encode(), {"Content-Type": "application/json"})
            found = {"id": NAME, "sha": COMMIT, "siblings": [{"rfilename": f} for f in files]}
            return self._send(200, json.dumps(found).encode(), {"Content-Type": "application/json"})
        file = path.partition(f"/{NAME}/resolve/{COMMIT}/")[2]
        if file not in files:
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
        content = files[file].read_bytes()
        etag = hashlib.sha1(content).hexdigest()
        return self._send(200, content, {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT})

    def _send(self, code: int, content: bytes, headers: dict):
        self.send_response(code)
        for key, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)


class HubTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        # Two shards, and files that no export needs.
        tiny.save("llama", cls.folder / "model", max_shard_size="40KB")
        for other in ("pytorch_model.bin", "flax_model.msgpack", "original/model.safetensors", "README.md"):
            path = cls.folder / "model" / other
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"not asked for")

    def setUp(self):
        cache = tempfile.TemporaryDirectory()
        self.addCleanup(cache.cleanup)
        self.cache = Path(cache.name)
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Hub)
        server.folder, server.asked = self.folder / "model", []
        self.addCleanup(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        self.server = server
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("HF_", "TRANSFORMERS_"))},
            "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
            "HF_HOME": str(self.cache),
        }

    def export(self, *arguments, **environment):
        with mock.patch("preamble_export.cli._USER_ENVIRONMENT", {**self.environment, **environment}):
            return export(*arguments)

    def refuses(self, *arguments, saying: str, **environment):
        code, _, err = self.export(*arguments, self.cache / "out", **environment)
        self.assertEqual(code, 2)
        self.assertEqual(err.count("\n"), 1, err)
        self.assertIn(saying, err)
        self.assertFalse((self.cache / "out").exists())

    def test_only_the_files_needed_are_fetched_and_the_model_is_exported_over_the_caches_links(self):
        code, text, err = self.export(NAME, "--no-verify")
        self.assertEqual(code, 0, text + err)
        asked = {path.rpartition("/")[2] for path in self.server.asked if "/resolve/" in path}
        shards = {p.name for p in (self.folder / "model").glob("model-*.safetensors")}
        self.assertGreater(len(shards), 1)
        small = {"config.json", "generation_config.json", "model.safetensors.index.json"}
        self.assertEqual(asked, small | shards)
        snapshot = self.cache / f"hub/models--someone--tiny-llama/snapshots/{COMMIT}"
        self.assertIn(str(snapshot), text)
        self.assertTrue((snapshot / next(iter(shards))).is_symlink())
        manifest = json.loads((snapshot / "preamble.json").read_text())
        self.assertEqual(manifest["base_model"]["name"], NAME)
        self.assertEqual(manifest["base_model"]["revision"], COMMIT)

        # The same from the cache alone, into a folder of its own, compared with PyTorch.
        self.server.asked.clear()
        code, text, err = self.export(NAME, self.cache / "out", HF_HUB_OFFLINE="1")
        self.assertEqual(code, 0, text + err)
        self.assertEqual(self.server.asked, [])
        for shard in shards:
            self.assertFalse((self.cache / "out" / shard).is_symlink())
            self.assertTrue((self.cache / "out" / shard).samefile(snapshot / shard), "weights were copied")
        for file in ("preamble.onnx", "preamble.json"):
            self.assertEqual((self.cache / "out" / file).read_bytes(), (snapshot / file).read_bytes())

    def test_an_unknown_name(self):
        self.refuses("someone/else", saying="no such directory, and no such model at http://127.0.0.1")

    def test_an_unknown_revision(self):
        self.refuses(NAME, "--revision", "v2", saying="no revision 'v2'")

    def test_a_hub_that_cannot_be_reached(self):
        self.refuses(NAME, saying="http://127.0.0.1:9 cannot be reached", HF_ENDPOINT="http://127.0.0.1:9")

    def test_offline_with_an_empty_cache_nobody_is_asked(self):
        self.refuses(NAME, saying="HF_HUB_OFFLINE forbids", HF_HUB_OFFLINE="1")
        self.assertEqual(self.server.asked, [])

    def test_a_revision_of_a_directory(self):
        self.refuses(self.folder / "model", "--revision", "main", saying="--revision is for a model on the Hub")

    def test_a_path_is_never_asked_for(self):
        self.refuses("./nowhere", saying="no such directory")
        self.refuses("../../nowhere", saying="no such directory")
        self.assertEqual(self.server.asked, [])

    def test_a_directory_is_exported_without_asking_anyone(self):
        model = shutil.copytree(self.folder / "model", self.cache / "copy")
        self.assertEqual(self.export(model, "--no-verify")[0], 0)
        self.assertEqual(self.server.asked, [])


if __name__ == "__main__":
    unittest.main()
