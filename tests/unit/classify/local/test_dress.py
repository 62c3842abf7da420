"""The dress of a text tells adverts that hide from people who decorate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.classify.local.styling import styled_letters, styling_features


@pytest.mark.parametrize(
    ("text", "features"),
    [
        ("how much is the red one?", set()),
        ("thanks to 𝐌𝐎𝐎𝐍𝟖𝟖 my rent is paid", {"d:styled among plain", "d:styled among plain 2"}),
        ("𝓰𝓸𝓸𝓭 𝓷𝓲𝓰𝓱𝓽", {"d:styled throughout", "d:styled throughout 3"}),
        ("try M O O N 8 8 tonight", {"d:letters apart"}),
        (
            "since MOON88 I sleep well",
            {"d:shouted", "d:shouted with a number", "d:name with a number"},
        ),
        ("win at M\u0332O\u0332O\u0332N now", {"d:marked"}),
        ("win at мoon now", {"d:two scripts in a word"}),
        ("giá bao nhiêu vậy shop ơi", set()),
        ("WHERE IS MY ORDER", set()),
        ("do you have XXXL", {"d:shouted"}),
        ("size M or L?", set()),
        ("１００元一件", set()),
        ("① 黑色 ② 白色", set()),
    ],
)
def test_it_names_the_dress(text: str, features: set[str]) -> None:
    assert set(styling_features(text)) == features


@pytest.mark.parametrize("styled", ["𝐀𝐛𝟑", "ⓐⓑⓒ", "🅰🅱🅾", "ᴀʙᴄ", "ᵃᵇᶜ", "ＡＢＣ"])
def test_every_styled_alphabet_counts(styled: str) -> None:
    assert styled_letters(styled) == len(styled)


@pytest.mark.parametrize(
    "plain", ["ราคาเท่าไหร่", "多少钱？", "giá bao nhiêu", "¿cuánto cuesta?", "🙂👍", "🇲🇾", "hello"]
)
def test_scripts_and_emoji_are_no_styling(plain: str) -> None:
    assert styled_letters(plain) == 0


@given(st.text(max_size=300))
def test_every_feature_is_named_once(text: str) -> None:
    features = list(styling_features(text))
    assert len(features) == len(set(features))
