"""The tiny GPT-2 of ``test-fixtures``: its tokenizer, its weights, its logits as PyTorch has them."""

from __future__ import annotations

from pathlib import Path

VOCABULARY = 320
END_OF_TEXT = "<|endoftext|>"
EXPECTED = "expected.safetensors"

# What the tokenizer's merges are learned from and what the logits are for.
TEXT = """\
A soft prompt is a few rows that nobody can read, put in front of what a model sees. The model stays
as it is; only the rows are learned. A server keeps one model and many prompts, and each request
names the prompt that it wants. When the prompt was seen before, its keys and values are still there,
and the answer begins at once.

There was a small boat on the river, and there was a girl who could read the water. "Where does the
river go?" she asked. "To the sea," said the old man, "and the sea goes nowhere, it only comes and
goes." She wrote that down, and the next day she asked again: isn't the sea the same as the river,
only wider? He had no answer, so he counted: 1, 2, 3, 10, 25, 100, and then it was evening.
"""


def save(directory: Path) -> None:
    """Writes the model as a Hugging Face directory; the same bytes at each call."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast
    from transformers.utils import logging

    logging.disable_progress_bar()
    config = GPT2Config(
        vocab_size=VOCABULARY,
        n_positions=128,
        n_embd=48,
        n_layer=2,
        n_head=6,
        bos_token_id=0,
        eos_token_id=0,
    )
    model = GPT2LMHeadModel(config).eval()
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = 0.2 * torch.randn(parameter.shape, generator=random)
            parameter.copy_(noise if parameter.dim() > 1 else parameter + noise)
    model.save_pretrained(directory)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=_tokenizer(), bos_token=END_OF_TEXT, eos_token=END_OF_TEXT, model_max_length=128
    )
    tokenizer.save_pretrained(directory)


def _tokenizer():
    """Byte-level BPE as GPT-2 has it: any text is made of its tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([TEXT], trainer)
    return tokenizer


def expect(directory: Path) -> None:
    """Writes what PyTorch makes of a text: ``token_ids`` [tokens], ``logits`` [tokens, vocabulary].

    ``greedy`` [32] are the tokens that follow.
    """
    import torch
    from safetensors.torch import save_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(directory, local_files_only=True)
    model = AutoModelForCausalLM.from_pretrained(directory, local_files_only=True, dtype=torch.float32).eval()
    ids = tokenizer("The river isn't wider than 25 boats: näive ☃!", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        logits = model(ids).logits[0]
        greedy = model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=32, do_sample=False, eos_token_id=None
        )
    save_file(
        {"token_ids": ids[0].contiguous(), "logits": logits.contiguous(), "greedy": greedy[0, ids.shape[1] :].clone()},
        directory / EXPECTED,
    )
