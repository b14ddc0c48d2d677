"""Train the quickstart's two companions with PEFT itself: another task and another method each.

    python make_quickstart_adapters.py MODEL DATA OUT

MODEL is test-fixtures/stories15M; DATA a folder with banking77.{train,test}.jsonl and
clinc150-small.{train,test}.jsonl, rows {"text", "label"}. OUT gets one adapter a task. The same
machine and seed give the same files.
"""

import argparse
import json
import os
import random
from dataclasses import dataclass
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")

import torch
import transformers
from peft import PrefixTuningConfig, PromptEncoderConfig, get_peft_model

VIRTUAL_TOKENS = 8


@dataclass(frozen=True)
class Task:
    """What an adapter learns: the word for each label, the text that asks for it, and how."""

    name: str
    data: str
    template: str
    words: dict[str, str]
    rows_a_label: int
    config: object
    rate: float
    epochs: int
    start_text: str = ""


TASKS = [
    Task(
        name="banking",
        data="banking77",
        template="{text} This is about the",
        words={
            "card_arrival": "letter",
            "lost_or_stolen_card": "card",
            "lost_or_stolen_phone": "phone",
            "change_pin": "secret",
            "exchange_rate": "price",
            "top_up_failed": "top",
            "declined_cash_withdrawal": "money",
            "edit_personal_details": "name",
            "age_limit": "age",
            "country_support": "country",
        },
        rows_a_label=100,
        config=PromptEncoderConfig(
            task_type="CAUSAL_LM", num_virtual_tokens=VIRTUAL_TOKENS, encoder_hidden_size=288
        ),
        rate=2e-3,
        epochs=5,
    ),
    Task(
        name="places",
        data="clinc150-small",
        template="{text} This is about the",
        words={
            "book_flight": "sky",
            "traffic": "road",
            "restaurant_suggestion": "table",
            "car_rental": "car",
            "book_hotel": "bed",
            "schedule_meeting": "friends",
            "smart_home": "house",
            "gas": "oil",
        },
        rows_a_label=50,
        config=PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=VIRTUAL_TOKENS),
        rate=1e-2,
        epochs=4,
        start_text="Lily asked where to go. Her mom said",
    ),
]


def rows(task, file, tokenizer, most=None):
    """(prompt ids, answer id) of each row of the task, at most ``most`` a label."""
    taken = dict.fromkeys(task.words, 0)
    found = []
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        label = row["label"]
        if label not in taken or (most is not None and taken[label] >= most):
            continue
        taken[label] += 1
        prompt = tokenizer(task.template.format(text=row["text"]), add_special_tokens=True)["input_ids"]
        word = tokenizer(task.words[label], add_special_tokens=False)["input_ids"]
        if len(word) != 1:
            raise SystemExit(f"{task.name}: expected a word of one token for {label}, found {task.words[label]!r}: {word}")
        found.append((prompt[-90:], word[0]))
    return found


def batches(examples, size):
    for start in range(0, len(examples), size):
        yield examples[start : start + size]


def answer_logits(model, batch):
    """Logits at the last position of each row [rows, vocabulary], right-padded."""
    longest = max(len(prompt) for prompt, _ in batch)
    ids = torch.tensor([prompt + [0] * (longest - len(prompt)) for prompt, _ in batch])
    mask = torch.tensor([[1] * len(prompt) + [0] * (longest - len(prompt)) for prompt, _ in batch])
    logits = model(input_ids=ids, attention_mask=mask).logits
    virtual = logits.shape[1] - longest
    last = torch.tensor([virtual + len(prompt) - 1 for prompt, _ in batch])
    return logits[torch.arange(len(batch)), last]


def accuracy(model, examples, words):
    """The share of rows whose word is the likeliest among the task's words."""
    right = 0
    with torch.no_grad():
        for batch in batches(examples, 32):
            chosen = answer_logits(model, batch)[:, words].argmax(-1)
            right += sum(words[c] == answer for c, (_, answer) in zip(chosen.tolist(), batch))
    return right / len(examples)


def start_from_text(model, tokenizer, text):
    """Sets a prefix to the keys and values that the frozen model has for ``text``."""
    ids = tokenizer(text, return_tensors="pt")["input_ids"][:, :VIRTUAL_TOKENS]
    if ids.shape[1] != VIRTUAL_TOKENS:
        raise SystemExit(f"expected a text of at least {VIRTUAL_TOKENS} tokens, found {text!r}")
    with torch.no_grad():
        cache = model.base_model(input_ids=ids, use_cache=True).past_key_values
        states = [side[0].transpose(0, 1).reshape(VIRTUAL_TOKENS, -1) for layer in cache.layers for side in (layer.keys, layer.values)]
        model.prompt_encoder["default"].embedding.weight.copy_(torch.cat(states, 1))


def train(task, folder, data, out):
    torch.manual_seed(0)
    random.seed(0)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    base = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    training = rows(task, data / f"{task.data}.train.jsonl", tokenizer, task.rows_a_label)
    test = rows(task, data / f"{task.data}.test.jsonl", tokenizer)
    words = [tokenizer(word, add_special_tokens=False)["input_ids"][0] for word in task.words.values()]
    before = accuracy(base, test, words)
    model = get_peft_model(base, task.config)
    if task.start_text:
        start_from_text(model, tokenizer, task.start_text)
    learned = [p for p in model.parameters() if p.requires_grad]
    steps = task.epochs * -(-len(training) // 16)
    optimizer = torch.optim.AdamW(learned, lr=task.rate, weight_decay=0.0)
    schedule = transformers.get_cosine_schedule_with_warmup(optimizer, steps // 10, steps)
    for epoch in range(task.epochs):
        random.shuffle(training)
        for batch in batches(training, 16):
            answers = torch.tensor([answer for _, answer in batch])
            loss = torch.nn.functional.cross_entropy(answer_logits(model, batch), answers)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(learned, 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
        model.eval()
        print(f"{task.name} epoch {epoch + 1}: {accuracy(model, test, words):.3f}", flush=True)
        model.train()
    model.eval()
    after = accuracy(model, test, words)
    print(f"{task.name}: {len(training)} rows, {len(test)} test rows, base {before:.3f}, tuned {after:.3f}")
    model.peft_config["default"].base_model_name_or_path = "stories15M"
    model.save_pretrained(out / task.name)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", choices=[task.name for task in TASKS])
    options = parser.parse_args()
    for task in TASKS:
        if options.only in (None, task.name):
            train(task, options.model, options.data, options.out)


if __name__ == "__main__":
    main()
