"""A tiny BERT with random weights, saved as the library saves one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import BertConfig, BertModel

WIDTH = 16


def save_tiny_bert(directory: Path, seed: int = 0, **changes: Any) -> Path:
    """A BERT of two layers that knows the tokens of planted data; its own random stream is left as it was."""
    config = BertConfig(
        **{
            "vocab_size": 2100,
            "hidden_size": WIDTH,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 24,
            "max_position_embeddings": 16,
            "type_vocab_size": 2,
            **changes,
        }
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        BertModel(config).save_pretrained(directory)
    return directory
