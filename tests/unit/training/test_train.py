"""Any labelled texts become a model that the local classifier loads: one label a text or several,
our taxonomy or another.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from intent.bootstrap.resources import locate
from intent.classify.local.classifier import LocalClassifier
from intent.classify.local.modelfile import load_model
from intent.model.errors import OperatorError
from intent.model.taxonomy import load_taxonomy
from intent.training import train as training
from intent.training.adapt import AdapterRecipe
from intent.training.calibrate import folds
from intent.training.data import plain_message, read_examples
from intent.training.task import Progress, split, task_of
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
    "hello": [
        "hello everyone",
        "love your hair",
        "hi nice song",
        "hello hello",
        "nice hair",
        "love the song",
        "hi everyone",
    ],
}


def written(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def single(tmp_path: Path) -> Path:
    return written(
        tmp_path / "single.jsonl",
        [{"text": text, "label": label} for label, texts in ASKS.items() for text in texts],
    )


def told(progress: list[str]) -> Progress:
    return progress.append


def test_one_label_a_text_gives_probabilities_that_sum_to_one(
    single: Path, small_encoder: Path, cache: Path, tmp_path: Path
) -> None:
    steps: list[str] = []
    report = train(
        single,
        None,
        tmp_path / "model",
        encoder=str(small_encoder),
        cache_dir=cache,
        progress=told(steps),
    )
    assert report.exclusive
    assert report.labels == ("hello", "price", "shipping")
    assert report.log_loss < report.base_log_loss
    assert steps
    model = LocalClassifier.load(tmp_path / "model", taxonomy=None, cache_dir=cache)
    decisions = model.classify(
        [plain_message("how much is the blue", 1), plain_message("ship to perth please", 2)]
    )
    assert [decision.labels for decision in decisions] == [("price",), ("shipping",)]
    assert all(abs(sum(decision.probabilities.values()) - 1) < 1e-6 for decision in decisions)
    assert not any(decision.is_lead or decision.lead_probability for decision in decisions)


def test_several_labels_are_seen_from_the_data(
    small_encoder: Path, cache: Path, tmp_path: Path
) -> None:
    rows: list[dict[str, object]] = [
        {"text": text, "labels": [label]} for label, texts in ASKS.items() for text in texts
    ]
    rows += [
        {"text": f"{one} and {other}", "labels": ["price", "shipping"]}
        for one, other in zip(ASKS["price"], ASKS["shipping"], strict=True)
    ]
    data = written(tmp_path / "several.jsonl", rows)
    report = train(
        data,
        None,
        tmp_path / "model",
        encoder=str(small_encoder),
        cache_dir=cache,
        progress=told([]),
    )
    assert not report.exclusive
    model = LocalClassifier.load(tmp_path / "model", taxonomy=None, cache_dir=cache)
    assert model.classify([plain_message("how much is the red and do you ship", 1)])[0].labels == (
        "price",
        "shipping",
    )


def test_the_same_data_gives_the_same_bytes(
    single: Path, small_encoder: Path, cache: Path, tmp_path: Path
) -> None:
    for name in ("one", "other"):
        train(
            single,
            None,
            tmp_path / name,
            encoder=str(small_encoder),
            cache_dir=cache,
            progress=told([]),
        )
    for file in ("head.safetensors", "model.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "other" / file).read_bytes()


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    names = {"price": "price_inquiry", "shipping": "shipping_inquiry", "hello": "chatter"}
    rows: list[dict[str, object]] = []
    for label, texts in ASKS.items():
        for number, text in enumerate(texts):
            message = {
                "platform": "p",
                "room_id": f"r{number}",
                "message_id": f"{label}{number}",
                "user_id": "u",
                "kind": "comment",
                "text": text,
            }
            wire = {**message, "sent_at": "2026-01-01T00:00:00Z"}
            rows.append(
                {
                    "id": message["message_id"],
                    "input": wire,
                    "expected": {"labels": [names[label]]},
                    "metadata": {"lang": "en"},
                }
            )
    return written(tmp_path / "ours.jsonl", rows)


def test_our_taxonomy_brings_a_lead_head_and_fine_tuning_changes_the_encoder(
    ours: Path, small_encoder: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        training, "_recipe", lambda task, count: AdapterRecipe(layers=1, rank=4, epochs=3, batch=4)
    )
    taxonomy = load_taxonomy(locate("prompts") / "taxonomy.yaml")
    for name in ("one", "other"):
        report = train(
            ours,
            ours,
            tmp_path / name,
            encoder=str(small_encoder),
            taxonomy=taxonomy,
            cache_dir=cache,
            progress=told([]),
        )
        assert report.judged_on == "dev"
        assert report.lead_f1 is not None
    assert (tmp_path / "one" / "adapter.safetensors").read_bytes() == (
        tmp_path / "other" / "adapter.safetensors"
    ).read_bytes()
    assert load_model(tmp_path / "one").description.encoder is not None
    model = LocalClassifier.load(tmp_path / "one", taxonomy=taxonomy, cache_dir=cache, threads=1)
    decision = model.classify([plain_message("how much is the red", 1)])[0]
    assert set(decision.probabilities) == set(taxonomy.names)
    assert 0 <= decision.lead_probability <= 1
    assert decision.is_lead == bool(taxonomy.leads & set(decision.labels))


def test_a_model_of_other_labels_is_refused_where_our_taxonomy_is_asked_for(
    single: Path, small_encoder: Path, cache: Path, tmp_path: Path
) -> None:
    train(
        single,
        None,
        tmp_path / "model",
        encoder=str(small_encoder),
        cache_dir=cache,
        progress=told([]),
    )
    with pytest.raises(OperatorError, match="intent train"):
        LocalClassifier.load(
            tmp_path / "model",
            taxonomy=load_taxonomy(locate("prompts") / "taxonomy.yaml"),
            cache_dir=cache,
        )


def test_changed_weights_are_refused(single: Path, small_encoder: Path, tmp_path: Path) -> None:
    train(
        single,
        None,
        tmp_path / "model",
        encoder=str(small_encoder),
        cache_dir=tmp_path / "cache",
        progress=told([]),
    )
    weights = small_encoder / "model.safetensors"
    whole = weights.read_bytes()
    try:
        weights.write_bytes(whole[:-4] + b"\0\0\0\1")
        with pytest.raises(OperatorError, match="SHA-256"):
            LocalClassifier.load(tmp_path / "model", taxonomy=None, cache_dir=tmp_path / "cache")
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
def test_wrong_data_is_named(
    line: str, reason: str, small_encoder: Path, cache: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data.jsonl"
    data.write_text(line, encoding="utf-8")
    with pytest.raises(OperatorError, match=reason):
        train(
            data,
            None,
            tmp_path / "model",
            encoder=str(small_encoder),
            cache_dir=cache,
            progress=told([]),
        )


WIRE = {
    "platform": "p",
    "room_id": "r",
    "message_id": "m",
    "user_id": "u",
    "kind": "comment",
    "text": "t",
    "sent_at": "2026-01-01T00:00:00Z",
}


def wired(text: str, label: str, room: str) -> dict[str, object]:
    return {
        "input": {**WIRE, "text": text, "room_id": room, "message_id": text},
        "expected": {"labels": [label]},
    }


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (json.dumps({"input": WIRE, "expected": None}), "expected is no JSON object"),
        (json.dumps({"input": WIRE, "expected": "a"}), "expected is no JSON object"),
        (
            json.dumps({"input": WIRE, "expected": {"labels": ["a"]}, "metadata": None}),
            "metadata is no JSON object",
        ),
        (
            json.dumps({"input": WIRE, "expected": {"labels": ["a"]}, "metadata": {"lang": 1}}),
            "metadata.lang is no text",
        ),
        (json.dumps({"input": WIRE, "labels": ["a"]}), 'no labels; give "expected"'),
        ('{"input": "hello", "labels": ["a"]}', "line 2: input is no JSON object"),
        (json.dumps({"input": {**WIRE, "kind": "shout"}}), "line 2: input.kind: Input should be"),
        ('{"text": "x", "labels": ["a"], "n": ' + "9" * 6000 + "}", "a number is too long"),
        ("[" * 100_000, "nested too deeply"),
        (r'{"text": "x", "labels": ["\ud800"]}', "half a surrogate pair"),
        ('{"text": "x", "label": "a", "labels": ["b"]}', "both label and labels"),
        ('{"text": "x", "labels": [" "]}', "no labels"),
        ('{"text": 5, "labels": ["a"]}', "line 2: text: Input should be a valid string"),
        (json.dumps({"text": "x" * 9000, "labels": ["a"]}), "line 2: text: is 9000 bytes long"),
    ],
)
def test_a_malformed_row_is_named_with_its_line_and_reason(
    line: str, reason: str, tmp_path: Path
) -> None:
    data = tmp_path / "data.jsonl"
    data.write_text('{"text": "fine", "label": "a"}\n' + line, encoding="utf-8")
    with pytest.raises(OperatorError, match=reason) as raised:
        read_examples(data)
    assert str(raised.value).startswith(f"{data}, line 2")


def test_a_text_is_read_as_it_would_be_at_the_door(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    data.write_bytes(b'\xef\xbb\xbf{"text": "half \\ud83d", "label": "a"}\n')
    (example,) = read_examples(data)
    assert example.message.text == "half \ufffd"


def test_the_same_text_twice_never_stands_on_both_sides_of_a_split(tmp_path: Path) -> None:
    data = written(
        tmp_path / "data.jsonl",
        [
            {"text": text, "label": label}
            for text, label in (("one", "a"), ("two", "b"), ("one", "c"))
        ],
    )
    first, second, third = (example.group for example in read_examples(data))
    assert first == third != second


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([("how much", "price_inquiry")], "the one label 'price_inquiry'"),
        (
            [(f"how much {number}", "price_inquiry") for number in range(20)],
            "the one label 'price_inquiry'",
        ),
        ([("x", "a"), ("y", "b")], "too few different texts"),
        ([("x", "spam"), ("y", "chatter")], "too few different texts"),
        (
            [(f"apple {number}", "a") for number in range(10)] + [("zebra", "b")],
            "too few different texts",
        ),
        ([("how much", "a"), ("book me", "b")] * 6, "too few different texts"),
        ([("how much", "a"), ("how much", "b")] * 6, "too few different texts"),
    ],
)
def test_too_little_data_is_refused(
    rows: list[tuple[str, str]], reason: str, small_encoder: Path, cache: Path, tmp_path: Path
) -> None:
    data = written(
        tmp_path / "data.jsonl", [{"text": text, "label": label} for text, label in rows]
    )
    taxonomy = load_taxonomy(locate("prompts") / "taxonomy.yaml")
    with pytest.raises(OperatorError, match=reason):
        train(
            data,
            None,
            tmp_path / "model",
            encoder=str(small_encoder),
            taxonomy=taxonomy,
            cache_dir=cache,
            progress=told([]),
        )
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("names", [("a", "b"), ("spam", "chatter")])
def test_two_texts_of_each_of_two_labels_are_enough(
    names: tuple[str, str], small_encoder: Path, cache: Path, tmp_path: Path
) -> None:
    rows: list[dict[str, object]] = [
        {"text": f"{name} {number}", "label": name} for name in names for number in range(2)
    ]
    taxonomy = load_taxonomy(locate("prompts") / "taxonomy.yaml")
    data = written(tmp_path / "data.jsonl", rows)
    report = train(
        data,
        None,
        tmp_path / "model",
        encoder=str(small_encoder),
        taxonomy=taxonomy,
        cache_dir=cache,
        progress=told([]),
    )
    assert report.examples == 4
    assert np.isfinite([report.log_loss, report.base_log_loss, report.macro_f1]).all()


def test_texts_of_one_room_are_split_by_text_and_that_is_said(
    small_encoder: Path, cache: Path, tmp_path: Path
) -> None:
    data = written(
        tmp_path / "data.jsonl",
        [wired(text, label, "r") for label, texts in ASKS.items() for text in texts],
    )
    steps: list[str] = []
    report = train(
        data,
        None,
        tmp_path / "model",
        encoder=str(small_encoder),
        cache_dir=cache,
        progress=told(steps),
    )
    assert report.log_loss < report.base_log_loss
    assert any("too few rooms (1)" in step for step in steps)


def test_texts_of_enough_rooms_are_split_by_room(tmp_path: Path) -> None:
    data = written(
        tmp_path / "data.jsonl",
        [
            wired(text, label, f"r{number}")
            for label, texts in ASKS.items()
            for number, text in enumerate(texts)
        ],
    )
    examples = read_examples(data)
    task = task_of(examples, None)
    assert (
        split(examples, task, 5, told([]))
        == folds([f"p/r{number}" for _ in ASKS for number in range(7)], 5)
    ).all()


def test_a_dev_set_of_other_labels_is_refused_and_one_with_some_is_remarked_on(
    single: Path, small_encoder: Path, cache: Path, tmp_path: Path
) -> None:
    other = written(
        tmp_path / "other.jsonl",
        [{"text": f"x {number}", "label": f"z{number}"} for number in range(7)],
    )
    with pytest.raises(
        OperatorError,
        match=r"only 'z0', 'z1', 'z2', 'z3', 'z4' and 2 more; give a dev file with the same labels",
    ):
        train(
            single,
            other,
            tmp_path / "model",
            encoder=str(small_encoder),
            cache_dir=cache,
            progress=told([]),
        )
    mixed = written(
        tmp_path / "mixed.jsonl",
        [{"text": "x", "label": "zz"}, {"text": "how much", "label": "price"}],
    )
    steps: list[str] = []
    report = train(
        single,
        mixed,
        tmp_path / "model",
        encoder=str(small_encoder),
        cache_dir=cache,
        progress=told(steps),
    )
    assert np.isfinite(report.macro_f1)
    assert any("never choose them: 'zz'" in step for step in steps)


def test_a_slope_makes_the_model_less_sure_and_changes_no_answer(
    single: Path, small_encoder: Path, cache: Path, tmp_path: Path
) -> None:
    shares, losses = [], []
    for slope in (1.0, 0.5):
        out = tmp_path / str(slope)
        report = train(
            single,
            None,
            out,
            slope=slope,
            encoder=str(small_encoder),
            cache_dir=cache,
            progress=told([]),
        )
        model = LocalClassifier.load(out, taxonomy=None, cache_dir=cache)
        messages = [plain_message(text, 1) for text in ("how much is it", "ship to perth")]
        shares.append(model.probabilities(messages))
        losses.append(report.log_loss)
    sure, softer = shares
    assert (softer.max(axis=1) < sure.max(axis=1)).all()
    assert (softer.argmax(axis=1) == sure.argmax(axis=1)).all()
    halved = np.sqrt(sure) / np.sqrt(sure).sum(axis=1, keepdims=True)
    assert softer == pytest.approx(halved, abs=1e-5)
    assert losses[0] != losses[1]


def test_several_files_are_learnt_from_as_one_and_a_text_in_both_is_one_group(
    tmp_path: Path,
) -> None:
    first = written(
        tmp_path / "a.jsonl", [{"text": "hi", "label": "x"}, {"text": "b", "label": "y"}]
    )
    second = written(
        tmp_path / "b.jsonl", [{"text": "c", "label": "x"}, {"text": "hi", "label": "x"}]
    )
    groups = [example.group for example in read_examples(first, second)]
    assert groups[0] == groups[3]
    assert len(set(groups)) == 3


def test_a_file_where_the_model_should_go_is_named(
    single: Path, small_encoder: Path, cache: Path, tmp_path: Path
) -> None:
    taken = tmp_path / "taken"
    taken.write_text("", encoding="utf-8")
    for out in (taken, taken / "below"):
        with pytest.raises(OperatorError, match="cannot be made a folder"):
            train(single, None, out, encoder=str(small_encoder), cache_dir=cache, progress=told([]))


def test_an_encoder_that_is_not_there_is_named(single: Path, cache: Path, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="neither a folder"):
        train(
            single,
            None,
            tmp_path / "model",
            encoder="no such/encoder name",
            cache_dir=cache,
            progress=told([]),
        )


def test_an_embedding_does_not_hang_on_its_neighbours(
    single: Path, small_encoder: Path, cache: Path, tmp_path: Path
) -> None:
    train(
        single,
        None,
        tmp_path / "model",
        encoder=str(small_encoder),
        cache_dir=cache,
        progress=told([]),
    )
    model = LocalClassifier.load(tmp_path / "model", taxonomy=None, cache_dir=cache)
    assert model.encoder is not None
    together = model.encoder.encode(
        ["how much", "", "ship to perth please when is the delivery", "hello"]
    )
    alone = np.vstack(
        [
            model.encoder.encode([text])
            for text in ("how much", "", "ship to perth please when is the delivery", "hello")
        ]
    )
    assert np.abs(together - alone).max() < 1e-5
    assert not together[1].any()
