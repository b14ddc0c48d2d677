"""The commands that render chat templates, as transformers does it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from jinja2 import TemplateError
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast


def render_chats(chats: list[dict]) -> dict:
    """``results`` of ``apply_chat_template``, each with one key.

    ``text``; ``refused``, the message that the template raised; or ``error``, the kind of any other.
    A chat has ``template`` and ``messages`` and may have ``special_tokens``, ``tools``,
    ``add_generation_prompt`` and ``variables``.
    """
    return {"results": list(_results(chats))}


def strftime(times: list[str], formats: list[str]) -> dict:
    """``texts``: each ISO time in each format."""
    parsed = [datetime.datetime.fromisoformat(time) for time in times]
    return {"texts": [[time.strftime(each) for each in formats] for time in parsed]}


def _results(chats: list[dict]) -> Iterator[dict]:
    for chat in chats:
        # A tokenizer of one word: rendering asks it for its special tokens only.
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_object=Tokenizer(WordLevel({"word": 0}, unk_token="word")),
            **chat.get("special_tokens", {}),
        )
        try:
            text = tokenizer.apply_chat_template(
                chat["messages"],
                tools=chat.get("tools"),
                chat_template=chat["template"],
                add_generation_prompt=chat.get("add_generation_prompt", False),
                tokenize=False,
                **chat.get("variables", {}),
            )
            yield {"text": text}
        except Exception as error:
            raised = type(error) is TemplateError
            yield {"refused": str(error)} if raised else {"error": type(error).__name__}
