"""An encoder is put together from its weights as torch would run it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from intent.bootstrap.resources import locate
from intent.classify.local import exported as exporting
from intent.classify.local import weights
from intent.classify.local.bert import graph
from intent.classify.local.encoder import MAX_TOKENS, EncoderSpec, open_encoder
from intent.classify.local.export import Pooled, apply_adapter, load_encoder
from intent.classify.local.onnxfile import node
from intent.classify.local.weights import (
    BUNDLED,
    SHIPPED_FROM,
    SHIPPED_LAYERS,
    unpack,
    weights_digest,
)
from intent.model.errors import OperatorError
from intent.training.encoder_folder import folder_of
from tests.unit.training.encoder import write_encoder, write_other_encoder

MODEL = locate("models") / "lead_intent"
TEXTS = ["how much is the red", "", "hello", "ship two to perth tomorrow please " * 30, "song 😀"]


def by_torch(folder: Path, layers: int, adapter: Path | None = None) -> NDArray[np.float32]:
    """Return what torch makes of TEXTS, one text at a time."""
    network = load_encoder(folder, layers)
    if adapter is not None:
        apply_adapter(network, adapter)
    pooled = Pooled(network).eval()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.no_padding()
    rows = []
    for text in TEXTS:
        ids = torch.tensor([tokenizer.encode(text).ids])
        with torch.no_grad():
            embedding = pooled(ids, torch.ones_like(ids))[0].numpy()
        rows.append(embedding if text else np.zeros_like(embedding))
    return np.stack(rows)


def spec_of(folder: Path, layers: int, adapter: Path | None = None) -> EncoderSpec:
    return EncoderSpec(str(folder), weights_digest(folder), layers, adapter)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("small"), layers=3)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_other_encoder(tmp_path_factory.mktemp("other"))


@pytest.fixture
def changes(tmp_path: Path) -> Path:
    random = np.random.default_rng(1)
    names = ("encoder.layer.0.attention.self.query", "encoder.layer.1.output.dense")
    shapes = ((32, 32), (32, 64))
    arrays = {}
    for name, (rows, columns) in zip(names, shapes, strict=True):
        arrays[f"{name}.up"] = random.normal(size=(rows, 4)).astype(np.float16)
        arrays[f"{name}.down"] = random.normal(size=(4, columns)).astype(np.float16)
    save_file(arrays, tmp_path / "adapter.safetensors")
    return tmp_path / "adapter.safetensors"


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_graph_from_weights_computes_what_torch_does(
    small: Path, changes: Path, layers: int
) -> None:
    for adapter in (None, changes) if layers > 1 else (None,):
        ours = open_encoder(spec_of(small, layers, adapter), None).encode(TEXTS)
        assert np.abs(ours - by_torch(small, layers, adapter)).max() < 1e-5
    assert np.abs(by_torch(small, 3) - by_torch(small, 2)).max() > 1e-3  # layers do matter


def test_the_adapted_bundled_encoder_computes_nearly_what_torch_does() -> None:
    adapter = MODEL / "adapter.safetensors"
    ours = open_encoder(EncoderSpec(BUNDLED, SHIPPED_FROM, 8, adapter), None).encode(TEXTS)
    with folder_of(BUNDLED, 8) as folder:
        theirs = by_torch(folder, 8, adapter)
        bare = by_torch(folder, 8)
    near = (ours * theirs).sum(axis=1)
    for row, text in enumerate(TEXTS):
        # It multiplies in eight bits.
        assert near[row] > 0.99 if text else near[row] == 0
    assert (theirs * bare).sum(axis=1).max() < 0.99  # the adapter matters


def test_the_bundled_encoder_brings_languages_together() -> None:
    asks = ["how much is this dress", "这件衣服多少钱", "berapa harga baju ini", "ราคาเท่าไหร่คะ"]
    others = [
        "tonight the moon is bright",
        "今晚月亮真亮",
        "malam ini bulan terang",
        "คืนนี้พระจันทร์สวย",
    ]
    encoder = open_encoder(EncoderSpec(BUNDLED, SHIPPED_FROM, SHIPPED_LAYERS), None)
    embeddings = encoder.encode([*asks, *others])
    near = embeddings[:4] @ embeddings[:4].T
    apart = embeddings[:4] @ embeddings[4:].T
    assert near.mean() > apart.mean() + 0.05


def test_the_graph_is_one_that_onnx_itself_accepts(small: Path) -> None:
    found = unpack(small, 2)
    assert found is not None
    model = onnx.load_model_from_string(graph(found.bert))
    shapes = {name: array.shape for name, array in found.bert.weights.items()}
    for tensor in model.graph.initializer:
        if tensor.name in shapes:  # the checker wants numbers, which are handed over elsewhere
            shape = shapes[tensor.name]
            tensor.CopyFrom(onnx.numpy_helper.from_array(np.zeros(shape, np.float32), tensor.name))
    onnx.checker.check_model(model, full_check=True)


def test_attributes_are_written_as_onnx_reads_them() -> None:
    written = onnx.NodeProto.FromString(
        node("Any", ["a", ""], "b", {"axis": -1, "far": 1 << 40, "epsilon": 0.5, "perm": [0, 300]})
    )
    expected = onnx.helper.make_node(
        "Any", ["a", ""], ["b"], axis=-1, far=1 << 40, epsilon=0.5, perm=[0, 300]
    )
    assert {one.name: one for one in written.attribute} == {
        one.name: one for one in expected.attribute
    }
    assert (written.op_type, list(written.input), list(written.output)) == ("Any", ["a", ""], ["b"])


def test_weights_in_half_precision_and_of_a_larger_model_are_read(
    small: Path, tmp_path: Path
) -> None:
    for name in ("config.json", "tokenizer.json"):
        shutil.copy(small / name, tmp_path)
    arrays = load_file(small / "model.safetensors")
    half = {f"bert.{name}": array.astype(np.float16) for name, array in arrays.items()}
    save_file(half, tmp_path / "model.safetensors")
    near = open_encoder(spec_of(tmp_path, 3), None).encode(TEXTS)
    assert np.abs(near - by_torch(small, 3)).max() < 1e-2


@pytest.mark.parametrize("name", weights.SHIPPED_FILES)
@pytest.mark.parametrize("harm", ["missing", "cut off", "altered", "empty"])
def test_a_damaged_encoder_that_ships_is_named(
    name: str, harm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(weights.SHIPPED, tmp_path / "e5")
    monkeypatch.setattr(weights, "SHIPPED", tmp_path / "e5")
    file = tmp_path / "e5" / name
    content = file.read_bytes()
    file.unlink()
    if harm != "missing":
        file.write_bytes(
            {"cut off": content[:-1], "altered": content[:-1] + b"!", "empty": b""}[harm]
        )
    with pytest.raises(OperatorError, match=rf"{name} .*install lead-intent again"):
        open_encoder(EncoderSpec(BUNDLED, SHIPPED_FROM, 4), None)


def test_an_encoder_that_is_not_built_like_bert_is_exported_once(
    other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_encoder(spec_of(other, 2), tmp_path / "cache").encode(TEXTS)
    assert np.abs(first - by_torch(other, 2)).max() < 1e-5
    monkeypatch.setattr(exporting, "_export", never)
    again = open_encoder(spec_of(other, 2), tmp_path / "cache").encode(TEXTS)
    assert np.array_equal(first, again)


def never(*_: object) -> None:
    raise AssertionError("exported again")


class Exporter:
    """Stands in for torch in its process, which takes seconds; counts what is asked of it."""

    def __init__(self) -> None:
        self.exports = 0

    def __call__(self, source: Path, made: Path, layers: int, adapter: Path | None) -> None:
        self.exports += 1
        (made / exporting.GRAPH).write_bytes(b"graph")
        (made / exporting.TOKENIZER).write_text("tokenizer")
        exporting.describe(made)


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Exporter:
    exporter = Exporter()
    monkeypatch.setattr(exporting, "_export", exporter)
    return exporter


def exported(source: Path, cache: Path | None) -> exporting.Exported:
    return exporting.exported(source, "key", cache, layers=2, adapter=None)


FILES = (exporting.GRAPH, exporting.TOKENIZER, exporting.ABOUT)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("harm", ["missing", "cut off", "empty", "a folder"])
def test_a_damaged_graph_is_made_anew_once(
    name: str, harm: str, exporter: Exporter, tmp_path: Path
) -> None:
    whole = exported(tmp_path, tmp_path)
    file = tmp_path / "encoder-key" / name
    content = file.read_bytes()
    file.unlink()
    if harm == "a folder":
        file.mkdir()
    elif harm != "missing":
        file.write_bytes(content[:-1] if harm == "cut off" else b"")
    assert exported(tmp_path, tmp_path) == whole
    assert exporter.exports == 2
    if harm != "a folder":
        assert exported(tmp_path, tmp_path) == whole
        assert exporter.exports == 2
        assert sorted(path.name for path in file.parent.iterdir()) == sorted(FILES)


def test_where_no_graph_can_be_kept_it_works_and_says_so(
    exporter: Exporter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert exported(tmp_path, tmp_path / "file" / "cache").graph == b"graph"
    assert "INTENT_CACHE_DIR" in "".join(capsys.readouterr())
    assert exported(tmp_path, None).graph == b"graph"


def test_without_torch_an_encoder_that_needs_it_is_refused_with_the_remedy(
    other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(OperatorError, match=r"pip install 'lead-intent\[train\]'"):
        open_encoder(spec_of(other, 2), tmp_path)


def test_a_model_of_another_bundled_encoder_is_refused_with_the_remedy() -> None:
    with pytest.raises(OperatorError, match=r"train it again with `intent train`"):
        open_encoder(EncoderSpec(BUNDLED, "0" * 64, 4), None)


def test_damaged_changes_are_named_with_the_remedy(small: Path, tmp_path: Path) -> None:
    (tmp_path / "adapter.safetensors").write_bytes(b"cut off")
    for spec in (
        spec_of(small, 2, tmp_path / "adapter.safetensors"),
        EncoderSpec(BUNDLED, SHIPPED_FROM, 1, tmp_path / "adapter.safetensors"),
    ):
        with pytest.raises(OperatorError, match=r"adapter\.safetensors is damaged"):
            open_encoder(spec, None)
