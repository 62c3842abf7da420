"""Sizes, codes, measures and colours are variants; parts that stand side by side are one."""

from __future__ import annotations

import pytest

from tests.unit.classify.slots.finding import found


@pytest.mark.parametrize(
    ("text", "variant"),
    [
        ("mine size 8 please", "size 8"),
        ("EU 42 got?", "EU 42"),
        ("US 9 still there", "US 9"),
        ("saiz 4XL ada", "saiz 4XL"),
        ("talla 6 meses?", "talla 6 meses"),
        ("ni 17 còn không", "ni 17"),
        ("shade 03", "shade 03"),
        ("got XL?", "XL"),
        ("M please", "M"),
        ("large pls", "large"),
    ],
)
def test_a_size_is_a_variant(text: str, variant: str) -> None:
    assert found("variant", text) == [variant]


@pytest.mark.parametrize(
    ("text", "variant"),
    [
        ("A12", "A12"),
        ("k5 pls", "k5"),
        ("J-38 again?", "J-38"),
        ("#7 mine", "#7"),
        ("D3奶茶 我的", "D3"),
    ],
)
def test_a_claim_code_is_a_variant(text: str, variant: str) -> None:
    assert found("variant", text)[0] == variant


@pytest.mark.parametrize(
    ("text", "variant"),
    [
        ("100ml ada?", "100ml"),
        ("the 256 GB one", "256 GB"),
        ("a 14x20 deck", "14x20"),
        ("20 litros", "20 litros"),
        ("phòng 30m2", "30m2"),
        ("el de 4 añitos", "4 añitos"),
        ("graphite 512", "graphite 512"),
    ],
)
def test_a_measure_is_a_variant(text: str, variant: str) -> None:
    assert found("variant", text) == [variant]


@pytest.mark.parametrize(
    ("text", "variant"),
    [
        ("in dark green please", "dark green"),
        ("yg hijau tua ada?", "hijau tua"),
        ("¿queda en verde oliva?", "verde oliva"),
        ("el azul", "el azul"),
        ("la 7", "la 7"),
        ("màu xanh than còn không", "màu xanh than"),
        ("warna hitam ada?", "hitam"),
        ("the chocolate one", "chocolate"),
        ("sabor maracuyá hay?", "sabor maracuyá"),
    ],
)
def test_a_colour_or_a_flavour_goes_with_its_shade_and_its_article(text: str, variant: str) -> None:
    assert found("variant", text) == [variant]


@pytest.mark.parametrize(
    ("text", "variant"),
    [
        ("T8 hitam 2XL", "T8 hitam 2XL"),
        ("37 camel", "37 camel"),
        ("size 7 navy", "size 7 navy"),
        ("XXL in charcoal", "XXL in charcoal"),
        ("nâu size 38", "nâu size 38"),
    ],
)
def test_parts_side_by_side_are_one_variant(text: str, variant: str) -> None:
    assert found("variant", text) == [variant]


@pytest.mark.parametrize("text", ["38", "38?", "41 pls", "mine 39", "yg 36 masih?"])
def test_a_bare_number_in_a_claim_is_a_size(text: str) -> None:
    assert len(found("variant", text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "black pepper crab",
        "my blue sofa came",
        "la falda azul se abrió",
        "baju purple cantik",
        "I'm 63",
        "it's me",
        "P R E S T A M O S",
        "sáng t7 qua được không",
        "pr3m10s",
        "28 29 30",
        "he is 5 years old",
        "on the 9th",
        "a la 5",
    ],
)
def test_a_colour_in_a_name_a_contraction_and_an_age_are_no_variant(text: str) -> None:
    assert found("variant", text) == []
