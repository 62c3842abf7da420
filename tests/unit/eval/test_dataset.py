"""The dataset that ships keeps what it promises, and the checks find faults that are planted in
it.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest
from typer.testing import CliRunner

from eval.data.agreement import LEAD, agreement, cohens_kappa
from eval.data.dataset import (
    Annotation,
    ExpectedSlot,
    Row,
    load_dataset,
    of_split,
    read_dataset,
    read_file,
)
from eval.data.lint import comparable, lint
from eval.data.near import near_duplicates
from eval.data.stats import count, count_cells
from eval.verbs.datasets import BUNDLED_ENCODER, DATASET, app
from intent.bootstrap.application import open_application
from intent.bootstrap.settings import load_settings
from intent.classify.local.encoder import open_encoder
from intent.model.errors import OperatorError
from intent.model.message import parse_message, wire

TEST_ROWS = {"en": 250, "zh": 200, "idms": 200, "es": 150, "vi": 150, "th": 150}
SPLIT_ROWS = {"train": 3000, "dev": 600, "test": 1200}
PARTS = ("register", "mended", "voices")


@cache
def rows() -> tuple[Row, ...]:
    return tuple(load_dataset(DATASET))


@cache
def register() -> tuple[Row, ...]:
    """The rows of the part ``register`` alone."""
    return tuple(load_dataset(DATASET, ["register"])[len(rows()) :])


@cache
def taxonomy():
    return open_application().taxonomy


def planted(row: Row, **changes) -> list[str]:
    """Faults of the whole dataset with one row of it changed."""
    changed = [row.model_copy(update=changes) if other.id == row.id else other for other in rows()]
    return [fault.what for fault in lint(changed, taxonomy())]


def first_row(split: str, *, lead: bool = True) -> Row:
    return next(
        row
        for row in of_split(rows(), split)
        if taxonomy().leads.isdisjoint(row.expected.labels) is not lead
        and not row.by("adjudicated")
    )


def test_the_dataset_has_no_fault():
    read, broken = read_dataset(DATASET)
    assert broken == []
    assert lint(read, taxonomy()) == []


def test_the_parts_have_no_fault_beside_the_rest():
    read, broken = read_dataset(DATASET, PARTS)
    assert broken == []
    assert lint(read, taxonomy()) == []


def test_a_part_is_read_only_when_asked_for(tmp_path):
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.jsonl").write_text("")
    (tmp_path / "train_chats.jsonl").write_text(first_row("train").model_dump_json() + "\n")
    assert load_dataset(tmp_path) == []
    assert load_dataset(tmp_path, ["chats"]) == [first_row("train")]


def test_a_part_without_a_file_is_an_error_for_the_operator(tmp_path):
    with pytest.raises(OperatorError, match="no part 'chats'"):
        load_dataset(tmp_path, ["chats"])


@cache
def parts_alone() -> tuple[Row, ...]:
    """The rows of all parts, without the three splits."""
    return tuple(load_dataset(DATASET, PARTS)[len(rows()) :])


def test_every_message_passes_the_services_door():
    for row in (*rows(), *parts_alone()):
        assert parse_message(wire(row.message())) == row.message()


def test_no_text_stands_nearly_the_same_in_two_splits():
    assert near_duplicates(rows()) == []


@pytest.mark.slow
def test_no_text_means_nearly_the_same_in_two_splits():
    settings = load_settings()
    assert (
        near_duplicates(
            rows(), open_encoder(BUNDLED_ENCODER, settings.cache_dir, threads=settings.threads)
        )
        == []
    )


def test_it_is_as_large_and_as_varied_as_promised():
    counts = count(rows(), taxonomy())
    sizes = Counter(row.metadata.split for row in rows())
    assert all(sizes[split] >= least for split, least in SPLIT_ROWS.items())
    assert counts.rooms >= 300
    assert counts.businesses >= 25
    assert counts.hard >= 0.25
    assert counts.several_labels >= 0.10  # the aim was 12 %: the card names the gap
    assert 0 < counts.chats < 0.5
    assert 0 < counts.without_context < 0.5
    assert min(counts.labels.values()) >= 250


def test_every_language_has_its_share_of_the_test_split():
    cells = count_cells(rows(), taxonomy())
    for language, least in TEST_ROWS.items():
        assert cells[language, "test"].rows >= least
        assert cells[language, "test"].rooms >= 8
        assert min(cells[language, "test"].labels.values()) >= 5


def test_dev_and_test_were_labelled_twice():
    assert all(row.by("second") is not None for row in of_split(rows(), "dev", "test"))


def test_an_unknown_label_is_found():
    row = first_row("test")
    assert any(
        "not in the taxonomy" in what
        for what in planted(row, labels=(Annotation(by="author", labels=("buying",)),))
    )


def test_a_label_beside_chatter_is_found():
    row = first_row("train")
    both = row.expected.model_copy(update={"labels": ("purchase_intent", "chatter")})
    assert "expected: chatter stands alone" in planted(row, expected=both)


def test_a_slot_that_is_not_in_the_text_is_found():
    row = first_row("train")
    slots = row.expected.model_copy(
        update={"slots": (ExpectedSlot(kind="place", text="nowhere at all"),)}
    )
    assert planted(row, expected=slots) == ["the slot place is no part of the text"]


def test_an_expectation_that_nobody_gave_is_found():
    row = first_row("train", lead=False)
    other = row.expected.model_copy(update={"labels": ("purchase_intent",)})
    assert any("the expected labels are not" in what for what in planted(row, expected=other))


def test_a_disagreement_that_nobody_settled_is_found():
    row = first_row("test", lead=False)
    labels = (
        *(given for given in row.labels if given.by == "author"),
        Annotation(by="second", labels=("purchase_intent",)),
    )
    assert "the annotators disagree and nobody has adjudicated" in planted(row, labels=labels)


def test_a_text_that_stands_twice_is_found():
    row, other = of_split(rows(), "train")[0], of_split(rows(), "test")[5]
    shouted = row.input.model_copy(update={"text": f"{other.input.text.upper()} !!"})
    assert any(
        "the same text as" in what
        for what in planted(
            row, input=shouted, expected=row.expected.model_copy(update={"slots": ()})
        )
    )


def test_an_id_that_stands_twice_is_found():
    row, other = rows()[0], rows()[1]
    assert "the id stands twice" in planted(other, id=row.id)


def test_a_room_in_two_splits_is_found():
    row, other = of_split(rows(), "train")[0], of_split(rows(), "test")[0]
    moved = row.input.model_copy(
        update={
            "platform": other.input.platform,
            "room_id": other.input.room_id,
            "sent_at": "2020-01-01T00:00:00+00:00",
        }
    )
    assert any("its room" in what for what in planted(row, input=moved))


def test_a_message_out_of_time_is_found():
    row, before = rows()[1], rows()[0]
    assert "was sent no later than the message before it in the room" in planted(
        row, input=row.input.model_copy(update={"sent_at": before.input.sent_at})
    )


def test_a_nearly_equal_text_in_another_split_is_found():
    row, other = (
        of_split(rows(), "train")[0],
        max(of_split(rows(), "test"), key=lambda row: len(row.input.text)),
    )
    copied = row.model_copy(
        update={"input": row.input.model_copy(update={"text": f"{other.input.text[:-3]}."})}
    )
    assert [(pair.first, pair.second) for pair in near_duplicates([copied, *rows()[1:]])] == [
        (row.id, other.id)
    ]


def test_texts_that_mean_the_same_are_found_by_their_embeddings():
    class Alike:
        def encode(self, texts):
            return np.full((len(texts), 4), 0.5, dtype=np.float32)

    row, other = first_row("train"), first_row("test")
    pair = [
        one.model_copy(update={"input": one.input.model_copy(update={"text": text})})
        for one, text in (
            (row, "could you post it to Perth"),
            (other, "is sending to Western Australia possible"),
        )
    ]
    assert near_duplicates(pair) == []
    assert len(near_duplicates(pair, Alike())) == 1


@pytest.mark.parametrize(
    ("line", "reason"), [("{", "Invalid JSON"), ('{"id": "x"}', "Field required")]
)
def test_a_line_that_is_no_row_is_named_with_its_number_and_reason(tmp_path, line, reason):
    good = (DATASET / "dev.jsonl").read_text(encoding="utf-8").split("\n")[0]
    path = tmp_path / "dev.jsonl"
    path.write_text(f"{good}\n{line}\n", encoding="utf-8")
    read, faults = read_file(path)
    assert len(read) == 1
    assert faults[0].where == "dev.jsonl:2"
    assert reason in faults[0].what


def test_an_unknown_key_is_refused(tmp_path):
    good = (DATASET / "dev.jsonl").read_text(encoding="utf-8").split("\n")[0]
    path = tmp_path / "dev.jsonl"
    path.write_text(good.replace('"platform"', '"lang": "en", "platform"', 1), encoding="utf-8")
    assert read_file(path)[1][0].what.startswith("input.lang")


def test_a_missing_dataset_is_an_error_for_the_operator(tmp_path):
    with pytest.raises(OperatorError, match=r"train\.jsonl"):
        load_dataset(tmp_path)


def test_comparable_texts_ignore_case_punctuation_and_styled_letters_but_keep_vowel_signs():
    assert comparable("HOW much??") == comparable("𝗵𝗼𝘄 𝗺𝘂𝗰𝗵 🙏")
    assert comparable("มา") != comparable("มี")
    assert comparable("❤️") != comparable("🔥")


def test_kappa_is_one_for_agreement_nothing_for_chance_and_minus_one_for_contradiction():
    cells = np.array([[5, 0, 0, 5], [4, 4, 4, 4], [0, 5, 5, 0]], dtype=np.float64)
    assert cohens_kappa(cells) == pytest.approx([1.0, 0.0, -1.0])
    assert float(cohens_kappa(np.array([15.0, 10.0, 5.0, 20.0]))) == pytest.approx(0.4)


def test_agreement_counts_only_rows_with_second_labels_and_draws_rooms():
    doubled = [
        row.model_copy(
            update={"labels": (row.labels[0], Annotation(by="second", labels=row.labels[0].labels))}
        )
        for row in of_split(rows(), "dev")
    ]
    single = [
        row.model_copy(update={"labels": row.labels[:1]}) for row in of_split(rows(), "train")
    ]
    found = {one.label: one for one in agreement([*doubled, *single], taxonomy(), draws=50)}
    assert found[LEAD].rows == len(doubled)
    assert (found[LEAD].kappa, found[LEAD].low, found[LEAD].high) == pytest.approx((1.0, 1.0, 1.0))


def test_the_card_says_how_it_was_made_and_counts_what_is_there():
    card = (DATASET / "CARD.md").read_text(encoding="utf-8")
    assert "a language model wrote and labelled them" in card
    for split in ("train", "dev", "test"):
        assert f"{len(of_split(rows(), split)):,}" in card
    for name, number in count(of_split(rows(), "test"), taxonomy()).labels.items():
        assert any(
            line.startswith(f"| `{name}`") and line.endswith(f"/ {number} |")
            for line in card.split("\n")
        )


def test_the_card_counts_the_part_in_peoples_register():
    card = (DATASET / "CARD.md").read_text(encoding="utf-8")
    train, test = (of_split(register(), split) for split in ("train", "test"))
    assert f"| rows | {len(train):,} | {len(test):,} |" in card


def test_the_card_counts_the_voices_and_their_languages():
    card = (DATASET / "CARD.md").read_text(encoding="utf-8")
    voices = [row for row in parts_alone() if row.input.room_id.startswith("vo-")]
    counted = count(voices, taxonomy())
    assert f"| rows | {len(voices):,} |" in card
    assert all(f"`{name}` {number}" in card for name, number in counted.labels.items())


def test_attacks_of_the_part_in_peoples_register_are_spam_and_stand_beside_look_alikes():
    for split in ("train", "test"):
        attacks, alike = (
            [row for row in of_split(register(), split) if row.metadata.hard == hard]
            for hard in ("injection", "lookalike")
        )
        assert min(len(attacks), len(alike)) >= 100
        assert {row.expected.labels for row in attacks} == {("spam",)}
        assert ("spam",) not in {row.expected.labels for row in alike}


@pytest.mark.parametrize(
    ("verb", "said"), [("lint", "0 faults"), ("stats", "all test"), ("agree", "lead")]
)
def test_the_verbs_answer_on_the_dataset_that_ships(verb, said):
    done = CliRunner().invoke(app, [verb])
    assert done.exit_code == 0
    assert said in done.output


def test_agreement_counts_the_second_labels_of_a_part_only_when_asked(tmp_path):
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.jsonl").write_text("")
    row = first_row("train")
    twice = (row.labels[0], Annotation(by="second", labels=row.labels[0].labels))
    (tmp_path / "train_chats.jsonl").write_text(
        row.model_copy(update={"labels": twice}).model_dump_json() + "\n"
    )
    without = CliRunner().invoke(app, ["agree", str(tmp_path)])
    assert isinstance(without.exception, OperatorError)
    told = CliRunner().invoke(app, ["agree", str(tmp_path), "--json", "--with", "chats"])
    assert told.exit_code == 0
    assert '"rows": 1' in told.stdout.splitlines()[0]
