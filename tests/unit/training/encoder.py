"""A real encoder that is small enough to be made by the tests."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, DistilBertConfig, DistilBertModel

TEXT = """
how much is the price ship to perth hello love your hair can i buy two red blue please do you have size where shop open book a slot tomorrow cost
delivery send when want order take got left time table free nice hi everyone song
"""
WORDS = TEXT.split()


def write_encoder(folder: Path, layers: int = 2) -> Path:
    """Write an untrained encoder that knows forty words."""
    vocabulary = _write_tokenizer(folder)
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=80,
    )
    BertModel(config).save_pretrained(folder)
    return folder


def write_other_encoder(folder: Path) -> Path:
    """Write one that is not built like BERT, so that only torch can export it."""
    vocabulary = _write_tokenizer(folder)
    torch.manual_seed(1)
    config = DistilBertConfig(
        vocab_size=vocabulary,
        dim=32,
        n_layers=2,
        n_heads=2,
        hidden_dim=64,
        max_position_embeddings=80,
    )
    DistilBertModel(config).save_pretrained(folder)
    return folder


def _write_tokenizer(folder: Path) -> int:
    vocabulary = {
        token: number
        for number, token in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *dict.fromkeys(WORDS)])
    }
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return len(vocabulary)
