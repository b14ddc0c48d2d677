"""Write small adapters with whatever release of PEFT is installed, for tests of older files.

    python make_old_adapter_fixtures.py OUT

OUT gets folders RELEASE/METHOD-MODEL. To run an old release beside the pinned environment:
``pip install --no-deps --target old peft==0.2.0 transformers==4.30.2 tokenizers==0.13.3
huggingface_hub==0.16.4 accelerate==0.21.0``, then with ``PYTHONPATH=old``. Nothing is downloaded by
this script, and the base models are random.
"""

import inspect
import sys
from pathlib import Path

import peft
import torch
import transformers

SIZES = dict(vocab_size=101)


def base_model(kind):
    """A tiny random model with a Hub name."""
    torch.manual_seed(1)
    if kind == "gpt2":
        config = transformers.GPT2Config(n_embd=16, n_head=2, n_layer=2, n_positions=64, **SIZES)
        model = transformers.GPT2LMHeadModel(config)
    elif kind == "llama":
        config = transformers.LlamaConfig(
            hidden_size=16, intermediate_size=24, num_attention_heads=4, num_key_value_heads=2,
            num_hidden_layers=2, max_position_embeddings=64, **SIZES)
        model = transformers.LlamaForCausalLM(config)
    else:
        config = transformers.BertConfig(
            hidden_size=16, intermediate_size=24, num_attention_heads=2, num_hidden_layers=2,
            max_position_embeddings=64, num_labels=3, **SIZES)
        model = transformers.BertForSequenceClassification(config)
    config._name_or_path = f"tiny-random/{kind}"
    model.name_or_path = f"tiny-random/{kind}"
    return model


def adapters():
    """Method, kind of base model, class of the configuration, its arguments."""
    common = dict(num_virtual_tokens=3)
    yield "prompt", "gpt2", "PromptTuningConfig", common
    yield "prompt", "bert", "PromptTuningConfig", common
    yield "p-tuning", "gpt2", "PromptEncoderConfig", dict(encoder_hidden_size=8, **common)
    yield "prefix", "gpt2", "PrefixTuningConfig", common
    yield "prefix", "llama", "PrefixTuningConfig", common
    yield "multitask", "gpt2", "MultitaskPromptTuningConfig", dict(num_tasks=2, num_ranks=1, **common)
    yield "cpt", "gpt2", "CPTConfig", dict(cpt_token_ids=[3, 4], cpt_mask=[1, 1], cpt_tokens_type_mask=[1, 2])
    yield "cartridge", "gpt2", "CartridgeConfig", common


def main():
    for method, kind, config_class, arguments in adapters():
        if not hasattr(peft, config_class):
            continue
        task = "SEQ_CLS" if kind == "bert" else "CAUSAL_LM"
        folder = Path(sys.argv[1]) / peft.__version__ / f"{method}-{kind}"
        model = base_model(kind)
        torch.manual_seed(2)
        try:
            model = peft.get_peft_model(model, getattr(peft, config_class)(task_type=task, **arguments))
        except Exception as fault:  # Some releases cannot do what they offer; the others can.
            print(f"{folder.name}: left out, {type(fault).__name__}: {fault}")
            continue
        known = inspect.signature(model.save_pretrained).parameters
        model.save_pretrained(str(folder), **({"save_embedding_layers": False} if "save_embedding_layers" in known else {}))
        (folder / "README.md").unlink(missing_ok=True)
        print(folder.name, *sorted(path.name for path in folder.iterdir()))


if __name__ == "__main__":
    main()
