"""Folding undoes styled letters, hidden characters and floods, and keeps what the languages
need.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.classify.folding import MAX_CHARACTERS, fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("𝐒𝐋𝐎𝐓 𝟕𝟕", "slot 77"),
        ("ＣＡＳＩＮＯ", "casino"),
        ("саsinо", "casino"),
        ("Привет", "привет"),
        ("ᴄᴀꜱɪɴᴏ 🅢🅛🅞🅣 🆂🅻🅾🆃", "casino slot slot"),
        ("f\u200br\u200be\u00ade", "free"),
        ("P\u0332R\u0332O\u0332", "pro"),
        ("sooooooo   good", "sooo good"),
        ("❤❤❤❤❤❤", "❤❤❤"),
        ("hi :face-blue-smiling::fire:", "hi 🙂🙂"),
        ("nice:face_with_tear: dance", "nice🙂 dance"),
        ("order:two-black:size m", "order:two-black:size m"),
        ("\u200b" * 2000 + "how much", "how much"),
        (" " * 2000 + "how much", "how much"),
        ("nice :elbowcough::yt: :eight_o’clock:", "nice 🙂🙂 🙂"),
        ("size: m colour:red: ok", "size: m colour:red: ok"),
        ("ratio 1:2:3", "ratio 1:2:3"),
        ("Giá bao nhiêu", "giá bao nhiêu"),
        ("เท่าไหร่คะ", "เท่าไหร่คะ"),
        ("尺码M有吗", "尺码m有吗"),
    ],
)
def test_it_folds(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(max_size=300))
def test_what_it_returns_is_bounded_and_single_spaced(text: str) -> None:
    folded = fold(text)
    assert "  " not in folded
    assert folded == folded.strip()


def test_a_long_text_is_cut() -> None:
    assert len(fold("ab" * 5000)) == MAX_CHARACTERS
