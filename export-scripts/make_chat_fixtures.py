#!/usr/bin/env python3
"""Writes what transformers makes of the chat templates in the test data: ``expected.json`` beside them."""

import json
import sys
from pathlib import Path

from preamble_oracle import chat

CHAT = Path(__file__).parents[1] / "src/test/resources/chat"


def main() -> int:
    conversations = json.loads((CHAT / "conversations.json").read_text(encoding="utf-8"))
    tokens = json.loads((CHAT / "special-tokens.json").read_text(encoding="utf-8"))
    expected = {}
    for file in sorted((CHAT / "templates").glob("*.jinja")):
        template = {"template": file.read_text(encoding="utf-8"), "special_tokens": tokens[file.stem]}
        expected[file.stem] = {
            name: [
                chat.render_chats([{**template, **conversation, "add_generation_prompt": added}])["results"][0]
                for added in (False, True)
            ]
            for name, conversation in conversations.items()
        }
    _write("expected.json", expected)
    features = json.loads((CHAT / "features.json").read_text(encoding="utf-8"))
    asked = {"messages": [{"role": "user", "content": "Hi"}], "variables": features["variables"]}
    results = chat.render_chats([{**asked, "template": each} for each in features["templates"]])["results"]
    _write("features-expected.json", dict(zip(features["templates"], results, strict=True)))
    return 0


def _write(name: str, value: dict) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=1)
    (CHAT / name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
