"""Write small adapters with PEFT itself: what the Java tests read without Python.

    python make_adapter_fixtures.py OUT

OUT/adapters gets one folder an adapter, OUT/safetensors one file with every dtype that PyTorch can
name, OUT/torch one file of torch.save. The base models are tiny, random and made here; nothing is downloaded. The same seed gives the
same files.
"""

import os
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import peft
import torch
import transformers

SIZES = dict(vocab_size=101)
HUB_NAME = "tiny-random/{}"


def base_model(kind):
    """A tiny random model with a Hub name, so that the adapter's configuration carries one."""
    torch.manual_seed(1)
    if kind == "gpt2":
        config = transformers.GPT2Config(n_embd=32, n_head=4, n_layer=2, n_positions=64, **SIZES)
        model = transformers.GPT2LMHeadModel(config)
    elif kind == "llama":
        config = transformers.LlamaConfig(
            hidden_size=32, intermediate_size=48, num_attention_heads=4, num_key_value_heads=2,
            num_hidden_layers=2, max_position_embeddings=64, **SIZES)
        model = transformers.LlamaForCausalLM(config)
    elif kind == "bert":
        config = transformers.BertConfig(
            hidden_size=32, intermediate_size=48, num_attention_heads=4, num_hidden_layers=2,
            max_position_embeddings=64, num_labels=3, **SIZES)
        model = transformers.BertForSequenceClassification(config)
    else:
        raise SystemExit(f"no base model '{kind}'")
    model.name_or_path = config._name_or_path = HUB_NAME.format(kind)
    return model


def tokenizer_folder(parent):
    """A word-level tokenizer on disk, for methods that start from text."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = {word: i for i, word in enumerate(["<unk>", "is", "the", "review", "good", "or", "bad", "?"])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    folder = Path(parent) / "tokenizer"
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>").save_pretrained(folder)
    return folder


def adapters(tokenizer):
    """Name of the folder, kind of base model, configuration."""
    for kind, task in (("gpt2", "CAUSAL_LM"), ("llama", "CAUSAL_LM"), ("bert", "SEQ_CLS")):
        common = dict(task_type=task, num_virtual_tokens=4)
        yield f"prompt-{kind}", kind, peft.PromptTuningConfig(**common)
        yield f"p-tuning-{kind}", kind, peft.PromptEncoderConfig(
            encoder_hidden_size=8, encoder_dropout=1e-05, **common)
        yield f"prefix-{kind}", kind, peft.PrefixTuningConfig(**common)
        yield f"multitask-{kind}", kind, peft.MultitaskPromptTuningConfig(num_tasks=3, num_ranks=2, **common)
        yield f"cartridge-{kind}", kind, peft.CartridgeConfig(num_frozen_tokens=1, **common)
        if task == "CAUSAL_LM":
            yield f"cpt-{kind}", kind, peft.CPTConfig(
                task_type=task, cpt_token_ids=[5, 6, 7, 8], cpt_mask=[1] * 4,
                cpt_tokens_type_mask=[1, 2, 3, 4], opt_weighted_loss_type="decay",
                opt_loss_decay_factor=0.95, opt_projection_epsilon=1)
    yield "prompt-text-gpt2", "gpt2", peft.PromptTuningConfig(
        task_type="CAUSAL_LM", num_virtual_tokens=6, prompt_tuning_init="TEXT",
        prompt_tuning_init_text="is the review good \u2013 or b\u00e4d \U0001f642?",
        tokenizer_name_or_path=str(tokenizer), tokenizer_kwargs={"use_fast": True, "note": "\u00e9"})
    yield "prefix-projection-gpt2", "gpt2", peft.PrefixTuningConfig(
        task_type="CAUSAL_LM", num_virtual_tokens=4, prefix_projection=True, encoder_hidden_size=8)
    yield "p-tuning-lstm-llama", "llama", peft.PromptEncoderConfig(
        task_type="CAUSAL_LM", num_virtual_tokens=4, encoder_reparameterization_type="LSTM",
        encoder_hidden_size=8, encoder_dropout=0)


def every_dtype(path):
    """Tensors whose names do not follow the order of the file, an empty one, a scalar, odd names."""
    from safetensors.torch import save_file

    tensors = {"a\u00e9\x01\x7f/\"\t\U0001f642": torch.zeros(0, 3), "b": torch.tensor(1.5)}
    for name in ("bool uint8 int8 float8_e5m2 float8_e4m3fn float8_e8m0fnu float8_e4m3fnuz float8_e5m2fnuz "
                 "int16 uint16 float16 bfloat16 int32 uint32 float32 complex64 float64 int64 uint64 "
                 "float4_e2m1fn_x2").split():
        raw = torch.tensor([0, 1, 0, 1, 1, 0, 1, 0], dtype=torch.uint8)
        tensors["z" + name] = raw.view(getattr(torch, name))
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, {"format": "pt"})


def torch_views(path):
    """What torch.save makes of tensors that share a storage, of a parameter, of an empty tensor."""
    grid = torch.arange(6.0).reshape(2, 3)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({
        "all": grid, "transposed": grid.T, "column": grid[:, 1],
        "half": torch.tensor([0.5, -2.0], dtype=torch.float16),
        "parameter": torch.nn.Parameter(torch.tensor([7.0])), "empty": torch.zeros(0, 3),
    }, path)


def write_all(out):
    """Writes an adapter of each kind under OUT/adapters; gives their names and base models."""
    written = []
    with tempfile.TemporaryDirectory() as scratch:
        tokenizer = tokenizer_folder(scratch)
        for name, kind, config in adapters(tokenizer):
            model = base_model(kind)
            torch.manual_seed(2)
            model = peft.get_peft_model(model, config)
            if getattr(config, "tokenizer_name_or_path", None):
                config.tokenizer_name_or_path = HUB_NAME.format(kind)
            folder = out / "adapters" / name
            model.save_pretrained(folder, save_embedding_layers=False)
            (folder / "README.md").unlink()
            written.append({"name": name, "kind": kind})
    return written


def main():
    out = Path(sys.argv[1])
    torch_views(out / "torch" / "views.bin")
    every_dtype(out / "safetensors" / "every-dtype.safetensors")
    for written in write_all(out):
        print(written["name"])


if __name__ == "__main__":
    main()
