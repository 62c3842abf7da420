"""Variants in languages with spaces between words: sizes, claim codes, measures, and colours with
their shades.
"""

from __future__ import annotations

from intent.classify.slots import words as known
from intent.classify.slots.tokens import Tokens

_LONGEST = 6
"""Longest variant, in parts: "size 7 dark green" has two."""
LARGE = 3
"""Digits of the longest number that is a size or part of a code."""


def variant_at(tokens: Tokens, place: int) -> tuple[int, int] | None:
    """Return the tokens of a variant that begins at ``place``, the end exclusive; None if there is
    none.

    Parts that stand side by side are one variant: "T8 hitam 2XL".
    """
    end, firm, parts = place, False, 0
    while parts < _LONGEST:
        at = end + 1 if parts and tokens.words[end] in known.JOINERS else end
        if parts and not (tokens.near(end) and (at == end or tokens.near(at))):
            break
        part_end, certain = _part(tokens, at, first=parts == 0)
        if part_end == at:
            break
        end, firm, parts = part_end, firm or certain, parts + 1
    return (
        (place, end)
        if firm or _numbered_colour(tokens, place, end) or _colour_fits(tokens, place, end)
        else None
    )


def _numbered_colour(tokens: Tokens, place: int, end: int) -> bool:
    """Say whether there is a number that would be nothing by itself, and a colour or a word for a
    size: "37 camel".
    """
    words = tokens.words[place:end]
    return any(word[0].isdigit() for word in words) and any(
        word in known.COLOURS or word in known.SIZE_WORDS for word in words
    )


def _part(tokens: Tokens, place: int, *, first: bool) -> tuple[int, bool]:
    """Return where the part at ``place`` ends (there, if there is none), and whether it is a
    variant whatever stands beside it.
    """
    if first and tokens.words[place] in known.ARTICLES:
        return _articled(tokens, place)
    for rule in (_labelled, _sized, _coded, _measured, _coloured):
        end, certain = rule(tokens, place)
        if end > place:
            return end, certain
    number = (
        tokens.is_whole(place)
        and tokens.digits(place) in (2, LARGE)
        and not tokens.sticks(place + 1)
        and not tokens.sticks(place)
    )
    if number and (first or tokens.words[place + 1] not in known.COUNTED_OR_UNITS):
        return place + 1, first and _claimed(tokens, place)
    return place, False


def _articled(tokens: Tokens, place: int) -> tuple[int, bool]:
    """Take a Spanish claim by the article: "la 7", "el azul"."""
    value, word = place + 1, tokens.words[place]
    counted = tokens.words[value + 1] in known.COUNTED or tokens.words[place - 1] == "a"
    if word == "la" and tokens.is_whole(value) and tokens.digits(value) <= 2 and not counted:
        return value + 1, True
    end, _ = _coloured(tokens, value)
    closes = tokens.words[end] in known.AFTER_COLOUR or tokens.words[end] in known.SIGNS
    return (
        (end, True)
        if end > value and closes and tokens.words[value] in known.COLOURS_AFTER_NOUN
        else (place, False)
    )


def _labelled(tokens: Tokens, place: int) -> tuple[int, bool]:
    """Take a label and its value: "size 8", "talla M", "màu xanh than", "sabor maracuyá"."""
    word, value = tokens.words[place], place + 1
    if word in known.SIZE_LABELS and tokens.near(value):
        end = _past_size(tokens, value, most=2 if word == "ni" else LARGE)
        if end > value:
            return end, True
    told = tokens.words[value]
    if (
        word in known.FREE_LABELS
        and len(told) > 2
        and told.isalpha()
        and told not in known.BEFORE_COLOUR
    ):
        return value + 1, True
    end = _coloured(tokens, value)[0] if word in known.COLOUR_LABELS else value
    return (end, True) if end > value else (place, False)


def _past_size(tokens: Tokens, place: int, most: int) -> int:
    """Return the place behind "8", "4XL", "M" or "6 meses", or the same place if no size stands
    there; ``most`` digits.
    """
    word = tokens.words[place]
    if not (
        (tokens.is_number(place) and tokens.digits(place) <= most)
        or word in known.SIZES
        or word in known.ONE_LETTER_SIZES
    ):
        return place
    end = place + 1
    if tokens.glued(end) and tokens.words[end] in known.SIZES:
        end += 1
    return end + 1 if tokens.words[end] in known.AGES and tokens.near(end) else end


def _sized(tokens: Tokens, place: int) -> tuple[int, bool]:
    """Take a size: "XL", "2XL", a capital "M" by itself, "jumbo"."""
    word, before, after = tokens.words[place], tokens.words[place - 1], tokens.words[place + 1]
    if tokens.is_number(place) and tokens.glued(place + 1) and after in known.SIZES:
        return place + 2, True
    if word in known.SIZES and not tokens.sticks(place):
        return place + 1, True
    if word in known.ONE_LETTER_SIZES and not tokens.sticks(place) and not tokens.sticks(place + 1):
        beside = before in known.NOT_SIZE_BESIDE or after in known.NOT_SIZE_BESIDE
        spelled = any(len(letter) == 1 and letter.isalpha() for letter in (before, after))
        return (
            (place, False)
            if beside or spelled or _dressed(tokens, place)
            else (place + 1, tokens.exact[place].isupper())
        )
    if word in known.SIZE_WORDS:
        return place + 1, place == 0 and tokens.count <= LARGE
    return place, False


def _dressed(tokens: Tokens, place: int) -> bool:
    """Say whether a letter is one of a name with marks or nothing visible between its letters:
    "B-R-A-N-D7".
    """
    before, after = tokens.words[place - 1], tokens.words[place + 1]
    behind = tokens.glued(place) and before not in known.SIGNS and not before.isalnum()
    return behind or (
        tokens.glued(place + 1)
        and after not in known.SIGNS
        and after != "-"
        and not after.isalnum()
    )


def _coded(tokens: Tokens, place: int) -> tuple[int, bool]:
    """Take a claim code: "A12", "k5", "J-38", "#7"."""
    word, number = tokens.words[place], place + 1
    if (
        word == "#"
        and tokens.glued(number)
        and tokens.is_whole(number)
        and tokens.digits(number) <= LARGE
        and not tokens.sticks(number + 1)
    ):
        return place + 2, True
    if (
        not (word.isalpha() and len(word) <= 2)
        or tokens.sticks(place)
        or word in known.NOT_CODE_LETTERS
        or _dressed(tokens, place)
    ):
        return place, False
    if tokens.words[number] == "-" and tokens.glued(number):
        number += 1
    if (
        not tokens.glued(number)
        or not tokens.is_whole(number)
        or tokens.digits(number) > LARGE
        or tokens.sticks(number + 1)
    ):
        return place, False
    # In Vietnamese "t2" to "t7" are Monday to Saturday; a code is written with a capital.
    weekday = tokens.exact[place] == "t" and tokens.words[number] in "234567"
    return (
        (place, False)
        if weekday or word + tokens.words[number] in known.NOT_CODES
        else (number + 1, True)
    )


def _measured(tokens: Tokens, place: int) -> tuple[int, bool]:
    """Take a measure: "100ml", "256 GB", "20x30", "24 inch", "4 añitos"."""
    if (
        not tokens.is_number(place)
        or tokens.words[place - 1] in known.NOT_MEASURE_BEFORE
        or tokens.sticks(place)
    ):
        return place, False
    end = place + 1
    if tokens.words[end] in known.GLUED_MEASURES and tokens.glued(end):
        square = (
            tokens.words[end] == "m"
            and tokens.words[end + 1] in ("2", "3")
            and tokens.glued(end + 1)
        )
        past = end + 1 + square
        return (place, False) if tokens.sticks(past) else (past, True)
    if (
        tokens.words[end] == "x"
        and tokens.is_number(end + 1)
        and tokens.near(end)
        and tokens.near(end + 1)
    ):
        end += 2
        return (end + 1 if tokens.words[end] in known.MEASURES and tokens.near(end) else end), True
    if tokens.words[end] in known.MEASURES and tokens.near(end) and not tokens.sticks(end + 1):
        return end + 1, True
    if tokens.words[end] in known.SHY_MEASURES and tokens.near(end):
        return end + 1, False
    if tokens.words[place] in known.STORAGE and not tokens.glued(end):
        return end, True
    return place, False


def _coloured(tokens: Tokens, place: int) -> tuple[int, bool]:
    """Take a colour with its shades: "dark green", "verde oliva", "xanh than"."""
    end = place
    while tokens.words[end] in known.SHADES_BEFORE and tokens.near(end + 1) and end - place < 2:
        end += 1
    if tokens.words[end] in known.COLOURS:
        end += 1
    elif end == place or tokens.words[end - 1] not in known.COLOURS:
        return place, False
    shades = 0
    while tokens.words[end] in known.SHADES_AFTER and tokens.near(end) and shades < 2:
        end, shades = end + 1, shades + 1
    return end, False


def _colour_fits(tokens: Tokens, place: int, end: int) -> bool:
    """Say whether a colour by itself is what is wanted, and no part of a thing's name ("black
    pepper", "falda azul").
    """
    colour, before, after = tokens.words[place], tokens.words[place - 1], tokens.words[end]
    if end - place == 1 and colour in known.SHY_COLOURS:
        return tokens.count == 1
    if not any(
        tokens.words[at] in known.COLOURS or tokens.words[at] in known.FITTING_SIZES
        for at in range(place, end)
    ):
        return False
    opens = before in known.BEFORE_COLOUR or before in known.SIGNS
    closes = after in known.AFTER_COLOUR or after in known.SIGNS
    return opens and (closes or colour in known.COLOURS_AFTER_NOUN)


def _claimed(tokens: Tokens, place: int) -> bool:
    """Say whether a bare number is a size or a claim: alone, first and before a claiming word, or
    after "mine".
    """
    if not tokens.is_whole(place) or tokens.glued(place):
        return False
    before, after = tokens.words[place - 1], tokens.words[place + 1]
    if (
        before in known.BEFORE_NUMBER
        and tokens.digits(place) == 2
        and (not after or after in known.AFTER_NUMBER)
    ):
        return True
    if before in known.MINE:
        return after not in known.COUNTED_OR_UNITS
    first = place == 0 and tokens.digits(place) == 2
    return first and (
        after in known.CLAIMS or (after in known.SIGNS and after not in known.INSIDE_NUMBERS)
    )
