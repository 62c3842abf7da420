"""Numbers and addresses of 25 countries are found however they are written, and no price is one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from eval.bench.address_texts import FORMS, plain_streets, written_addresses
from eval.bench.contact_recall import contacts, is_away, is_hidden
from eval.bench.contact_texts import COUNTRIES, plain_numbers, written_numbers
from intent.classify.placeholders import disguise
from intent.model.errors import OperatorError

SAMPLE = Path(__file__).parents[3] / "intent" / "sources" / "sample.jsonl"


def test_every_country_and_spelling_is_written_as_often_as_asked() -> None:
    written = list(written_numbers(1, seed=3))
    assert Counter(one.country for one in written) == dict.fromkeys(COUNTRIES, 22)
    assert len(COUNTRIES) == 25


def test_numbers_in_common_spellings_are_not_stored_in_plain() -> None:
    missed = [one.text for one in written_numbers(1, seed=5) if not is_hidden(one)]
    assert missed == []


def test_no_price_quantity_or_day_is_taken_for_a_number() -> None:
    taken = [text for _, text in plain_numbers(seed=7) if disguise(text).originals]
    assert taken == []


def test_addresses_of_the_same_countries_are_not_stored_in_plain() -> None:
    assert set(FORMS) == set(COUNTRIES)
    assert [one.text for one in written_addresses(3, seed=5) if not is_away(one)] == []


def test_no_walk_size_claim_code_or_price_is_taken_for_an_address() -> None:
    assert [text for text in plain_streets(seed=7) if disguise(text).originals] == []


def test_the_table_is_printed_and_a_file_looked_through(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    contacts(count=1, seed=1, data=[SAMPLE], as_json=False)
    printed = capsys.readouterr()
    assert "wa.me *" in printed.out
    assert "550 texts; common spellings hidden 1.000" in printed.err
    assert "sample.jsonl" in printed.err
    monkeypatch.setattr("eval.bench.contact_recall.GOAL", 1.1)
    with pytest.raises(OperatorError, match="below the goal"):
        contacts(count=1, seed=1, data=None, as_json=True)
