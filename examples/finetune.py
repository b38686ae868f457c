#!/usr/bin/env python3
"""Trains a small model from scratch on an exported dataset, on a CPU and for some minutes, and prints its loss on the
test split before and after: that the files train from end to end, not that the model is of any use.

    SELECT nlsql.export_dataset('run_demo', '/tmp/demo', 'prompt_completion', '{"schema": "none"}');
    examples/finetune.py /tmp/demo --minutes 3

Reads train.jsonl and test.jsonl with `prompt` and `completion` (text), or `messages` of the format chat. Needs PyTorch
alone (pip install torch; Debian: python3-torch, with libopenblas0 for speed)."""

import argparse
import json
import math
import pathlib
import random
import re
import time

import torch
from torch import nn

PIECE = re.compile(r"\s+|\w+|[^\w\s]")
PAD, SEPARATOR, END = 0, 1, 2


def records(path):
    """Prompt and answer of each line."""
    # splitlines() would end a line at U+2028, too, which may stand in a text
    with path.open(encoding="utf-8", newline="\n") as lines:
        for record in map(json.loads, lines):
            if "messages" in record:
                *before, last = record["messages"]
                yield "\n".join(m["content"] for m in before), last["content"]
            else:
                yield record["prompt"], record["completion"]


class Vocabulary:
    """Words, signs and blanks of the training split; what it does not know is spelled."""

    def __init__(self, texts, most=8000):
        counts = {}
        for text in texts:
            for piece in PIECE.findall(text):
                counts[piece] = counts.get(piece, 0) + 1
        pieces = sorted(counts, key=lambda p: (-counts[p], p))[:most]
        letters = sorted({c for piece in counts for c in piece} | set(map(chr, range(32, 127))))
        known = dict.fromkeys(["<pad>", "<answer>", "<end>", "<unknown>", *letters, *pieces])
        self.pieces = list(known)
        self.ids = {piece: i for i, piece in enumerate(self.pieces)}

    def encode(self, text):
        ids = []
        for piece in PIECE.findall(text):
            known = [piece] if piece in self.ids else list(piece)
            ids.extend(self.ids.get(p, 3) for p in known)
        return ids

    def decode(self, ids):
        return "".join(self.pieces[i] for i in ids)


class Model(nn.Module):
    """A decoder of the usual kind, small enough for a CPU."""

    def __init__(self, vocabulary, width=128, layers=3, heads=4, context=256):
        super().__init__()
        self.context = context
        self.words = nn.Embedding(vocabulary, width, padding_idx=PAD)
        self.places = nn.Embedding(context, width)
        layer = nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout=0.1, activation="gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, ids):
        length = ids.shape[1]
        future = torch.triu(torch.ones(length, length, dtype=torch.bool), diagonal=1)
        hidden = self.words(ids) + self.places(torch.arange(length))
        return self.norm(self.layers(hidden, mask=future)) @ self.words.weight.T


def examples(path, vocabulary, context):
    """Ids with the place where the answer begins; what is too long loses the beginning of its prompt."""
    found = []
    for prompt, answer in records(path):
        answer = [SEPARATOR, *vocabulary.encode(answer), END]
        if len(answer) < context:
            prompt = vocabulary.encode(prompt)[-(context + 1 - len(answer)) :]
            found.append((prompt + answer, len(prompt)))
    return found


def batch(chosen):
    """Inputs and targets; only the answer counts."""
    longest = max(len(ids) for ids, _ in chosen) - 1
    inputs = torch.full((len(chosen), longest), PAD)
    targets = torch.full((len(chosen), longest), -100)
    for row, (ids, start) in enumerate(chosen):
        inputs[row, : len(ids) - 1] = torch.tensor(ids[:-1])
        targets[row, start : len(ids) - 1] = torch.tensor(ids[start + 1 :])
    return inputs, targets


def loss_of(model, chosen, reduction="mean"):
    inputs, targets = batch(chosen)
    return nn.functional.cross_entropy(model(inputs).flatten(0, 1), targets.flatten(), reduction=reduction)


@torch.no_grad()
def test_loss(model, test, size):
    """Mean loss a token of the answers."""
    model.eval()
    total = sum(loss_of(model, test[i : i + size], "sum").item() for i in range(0, len(test), size))
    model.train()
    return total / sum(len(ids) - 1 - start for ids, start in test)


@torch.no_grad()
def answer(model, prompt, end):
    model.eval()
    ids = prompt + [SEPARATOR]
    while len(ids) < end:
        ids.append(model(torch.tensor([ids]))[0, -1].argmax().item())
        if ids[-1] == END:
            break
    model.train()
    return ids[len(prompt) + 1 :]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random.seed(options.seed)
    torch.manual_seed(options.seed)

    vocabulary = Vocabulary(text for pair in records(options.folder / "train.jsonl") for text in pair)
    model = Model(len(vocabulary.pieces))
    train, test = (examples(options.folder / f"{s}.jsonl", vocabulary, model.context) for s in ("train", "test"))
    weights = sum(p.numel() for p in model.parameters())
    print(f"{len(train)} training and {len(test)} test records, {len(vocabulary.pieces)} pieces, {weights:,} weights")
    before = test_loss(model, test, options.batch)
    print(f"loss on test before: {before:.3f} (by chance {math.log(len(vocabulary.pieces)):.3f})", flush=True)

    optimizer = torch.optim.AdamW(model.parameters(), lr=options.rate, weight_decay=0.01)
    began = told = time.monotonic()
    step = 0
    while (spent := (time.monotonic() - began) / 60) < options.minutes:
        for group in optimizer.param_groups:
            # up over the first steps, then down to nothing at the end
            group["lr"] = options.rate * min(1, (step + 1) / 50) * max(0.02, 1 - spent / options.minutes)
        optimizer.zero_grad()
        loss = loss_of(model, random.sample(train, min(options.batch, len(train))))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        if time.monotonic() - told > 20:
            told = time.monotonic()
            print(f"  {spent:4.1f} min, step {step}: loss on this batch {loss.item():.3f}", flush=True)

    after = test_loss(model, test, options.batch)
    print(f"loss on test after {step} steps: {after:.3f}")
    ids, start = test[0]
    print(f"for example, the end of a prompt: {vocabulary.decode(ids[:start])[-200:]!r}")
    print(f"  expected: {vocabulary.decode(ids[start + 1 : -1])!r}")
    print(f"  written:  {vocabulary.decode(i for i in answer(model, ids[:start], model.context) if i > END)!r}")
    return 0 if after < before else 1


if __name__ == "__main__":
    raise SystemExit(main())
