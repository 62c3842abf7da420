"""Equal contact details have a form in common, however they are written."""

from __future__ import annotations

import pytest

from intent.classify.contact_forms import ContactFinder

forms = ContactFinder().forms


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("phone", "0812-3456-7890", "+62 812 3456 7890"),
        ("phone", "０８１２ 3456 7890", "(+62) 812-3456-7890"),
        ("link", "wa.me/6281234567890", "https://wa.me/6281234567890?text=hi"),
        ("email", "Ann@Example.com", "ann@example.com"),
        ("handle", "@Ann_01", "ann_01"),
    ],
)
def test_spellings_of_one_detail_share_a_form(kind: str, one: str, other: str) -> None:
    assert forms(kind, one) & forms(kind, other)


def test_a_link_to_a_number_is_that_number() -> None:
    assert forms("link", "wa.me/6281234567890") == {"phone:+6281234567890"}


def test_different_details_share_none_and_what_is_no_number_has_none() -> None:
    assert not forms("phone", "0812-3456-7890") & forms("phone", "0812-3456-7891")
    assert forms("number", "12345678") == frozenset()
