"""Any labelled texts become a model that the local classifier loads: one label a text or several, our taxonomy or another."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from intent.classify.local.classifier import LocalClassifier
from intent.classify.local.modelfile import load_model
from intent.errors import OperatorError
from intent.resources import locate
from intent.taxonomy import load_taxonomy
from intent.training import train as training
from intent.training.adapt import AdapterRecipe
from intent.training.data import plain_message
from intent.training.train import train

ASKS = {
    "price": [
        "how much is the red",
        "price please",
        "how much for two",
        "what is the cost",
        "cost of the blue",
        "price of size two",
        "how much to buy",
    ],
    "shipping": [
        "ship to perth",
        "do you ship",
        "delivery to perth",
        "can you send to perth",
        "when is delivery",
        "send two to perth",
        "ship tomorrow",
    ],
    "hello": ["hello everyone", "love your hair", "hi nice song", "hello hello", "nice hair", "love the song", "hi everyone"],
}


def written(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def single(tmp_path: Path) -> Path:
    return written(tmp_path / "single.jsonl", [{"text": text, "label": label} for label, texts in ASKS.items() for text in texts])


def told(progress: list[str]) -> training.Progress:
    return progress.append


def test_one_label_a_text_gives_probabilities_that_sum_to_one(single: Path, small_encoder: Path, cache: Path, tmp_path: Path) -> None:
    steps: list[str] = []
    report = train(single, None, tmp_path / "model", encoder=str(small_encoder), cache_dir=cache, progress=told(steps))
    assert report.exclusive
    assert report.labels == ("hello", "price", "shipping")
    assert report.log_loss < report.base_log_loss
    assert steps
    model = LocalClassifier.load(tmp_path / "model", taxonomy=None, cache_dir=cache)
    decisions = model.classify([plain_message("how much is the blue", 1), plain_message("ship to perth please", 2)])
    assert [decision.labels for decision in decisions] == [("price",), ("shipping",)]
    assert all(abs(sum(decision.probabilities.values()) - 1) < 1e-6 for decision in decisions)
    assert not any(decision.is_lead or decision.lead_probability for decision in decisions)


def test_several_labels_are_seen_from_the_data(small_encoder: Path, cache: Path, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"text": text, "labels": [label]} for label, texts in ASKS.items() for text in texts]
    rows += [{"text": f"{one} and {other}", "labels": ["price", "shipping"]} for one, other in zip(ASKS["price"], ASKS["shipping"], strict=True)]
    data = written(tmp_path / "several.jsonl", rows)
    report = train(data, None, tmp_path / "model", encoder=str(small_encoder), cache_dir=cache, progress=told([]))
    assert not report.exclusive
    model = LocalClassifier.load(tmp_path / "model", taxonomy=None, cache_dir=cache)
    assert model.classify([plain_message("how much is the red and do you ship", 1)])[0].labels == ("price", "shipping")


def test_the_same_data_gives_the_same_bytes(single: Path, small_encoder: Path, cache: Path, tmp_path: Path) -> None:
    for name in ("one", "other"):
        train(single, None, tmp_path / name, encoder=str(small_encoder), cache_dir=cache, progress=told([]))
    for file in ("head.safetensors", "model.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "other" / file).read_bytes()


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    names = {"price": "price_inquiry", "shipping": "shipping_inquiry", "hello": "chatter"}
    rows: list[dict[str, object]] = []
    for label, texts in ASKS.items():
        for number, text in enumerate(texts):
            message = {"platform": "p", "room_id": f"r{number}", "message_id": f"{label}{number}", "user_id": "u", "kind": "comment", "text": text}
            wire = {**message, "sent_at": "2026-01-01T00:00:00Z"}
            rows.append({"id": message["message_id"], "input": wire, "expected": {"labels": [names[label]]}, "metadata": {"lang": "en"}})
    return written(tmp_path / "ours.jsonl", rows)


def test_our_taxonomy_brings_a_lead_head_and_fine_tuning_changes_the_encoder(
    ours: Path, small_encoder: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "_recipe", lambda task, count: AdapterRecipe(layers=1, rank=4, epochs=3, batch=4))
    taxonomy = load_taxonomy(locate("prompts") / "taxonomy.yaml")
    for name in ("one", "other"):
        report = train(ours, ours, tmp_path / name, encoder=str(small_encoder), taxonomy=taxonomy, cache_dir=cache, progress=told([]))
        assert report.judged_on == "dev"
        assert report.lead_f1 is not None
    assert (tmp_path / "one" / "adapter.safetensors").read_bytes() == (tmp_path / "other" / "adapter.safetensors").read_bytes()
    assert load_model(tmp_path / "one").description.encoder is not None
    model = LocalClassifier.load(tmp_path / "one", taxonomy=taxonomy, cache_dir=cache, threads=1)
    decision = model.classify([plain_message("how much is the red", 1)])[0]
    assert set(decision.probabilities) == set(taxonomy.names)
    assert 0 <= decision.lead_probability <= 1
    assert decision.is_lead == bool(taxonomy.leads & set(decision.labels))


def test_a_model_of_other_labels_is_refused_where_our_taxonomy_is_asked_for(single: Path, small_encoder: Path, cache: Path, tmp_path: Path) -> None:
    train(single, None, tmp_path / "model", encoder=str(small_encoder), cache_dir=cache, progress=told([]))
    with pytest.raises(OperatorError, match="intent train"):
        LocalClassifier.load(tmp_path / "model", taxonomy=load_taxonomy(locate("prompts") / "taxonomy.yaml"), cache_dir=cache)


def test_changed_weights_are_refused(single: Path, small_encoder: Path, tmp_path: Path) -> None:
    train(single, None, tmp_path / "model", encoder=str(small_encoder), cache_dir=tmp_path / "cache", progress=told([]))
    graph = next((tmp_path / "cache").glob("*/model.onnx"))
    graph.write_bytes(graph.read_bytes()[:-1])
    with pytest.raises(OperatorError, match="delete the folder"):
        LocalClassifier.load(tmp_path / "model", taxonomy=None, cache_dir=tmp_path / "cache")
    weights = small_encoder / "model.safetensors"
    whole = weights.read_bytes()
    try:
        weights.write_bytes(whole[:-4] + b"\0\0\0\1")
        with pytest.raises(OperatorError, match="SHA-256"):
            LocalClassifier.load(tmp_path / "model", taxonomy=None, cache_dir=tmp_path / "elsewhere")
    finally:
        weights.write_bytes(whole)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "line 1 is no JSON"),
        ("[]", "no JSON object"),
        ('{"labels": ["a"]}', "neither text nor input"),
        ('{"text": "a"}', "no labels"),
        ('{"text": "a", "labels": []}', "no labels"),
        ('{"text": "a", "label": "x"}', "at least two"),
    ],
)
def test_wrong_data_is_named(line: str, reason: str, small_encoder: Path, cache: Path, tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    data.write_text(line, encoding="utf-8")
    with pytest.raises(OperatorError, match=reason):
        train(data, None, tmp_path / "model", encoder=str(small_encoder), cache_dir=cache, progress=told([]))


def test_an_encoder_that_is_not_there_is_named(single: Path, cache: Path, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="neither a folder"):
        train(single, None, tmp_path / "model", encoder="no such/encoder name", cache_dir=cache, progress=told([]))


def test_an_embedding_does_not_hang_on_its_neighbours(single: Path, small_encoder: Path, cache: Path, tmp_path: Path) -> None:
    train(single, None, tmp_path / "model", encoder=str(small_encoder), cache_dir=cache, progress=told([]))
    model = LocalClassifier.load(tmp_path / "model", taxonomy=None, cache_dir=cache)
    assert model.encoder is not None
    together = model.encoder.encode(["how much", "", "ship to perth please when is the delivery", "hello"])
    alone = np.vstack([model.encoder.encode([text]) for text in ("how much", "", "ship to perth please when is the delivery", "hello")])
    assert np.abs(together - alone).max() < 1e-5
    assert not together[1].any()
