"""Prices and quantities in languages with spaces between words: by a number's form, and by the
words beside it.
"""

from __future__ import annotations

from intent.classify.slots import words as known
from intent.classify.slots.tokens import Tokens

LARGE = 3
"""Digits from which a number is rather a price than pieces, a size or an hour."""
_LIGHTEST, _HEAVIEST = 35, 130
"""What people weigh, in kilograms: such a weight is a quantity only behind a word of buying."""


def price_at(tokens: Tokens, place: int) -> tuple[int, int] | None:
    """Return the tokens of a price that has its number at ``place``, the end exclusive; None if
    there is none.
    """
    if not tokens.is_number(place):
        return _spelled_price(tokens, place)
    if tokens.sticks(place) and tokens.words[place - 1] not in known.CURRENCY_BEFORE:
        return None
    if tokens.words[place + 1] == "%":
        return (place, place + 2) if tokens.words[place - 1] in known.DISCOUNTS else None
    start, end = place, place + 1
    if tokens.words[place - 1] in known.CURRENCY_BEFORE and tokens.near(place):
        start = place - 1
        if (
            start
            and tokens.words[start] == "$"
            and tokens.glued(start)
            and tokens.words[start - 1] in known.DOLLARS
        ):
            start -= 1
    scaled = _past_scale(tokens, end)
    if scaled is not None:
        end = scaled
    if tokens.words[end] in known.CURRENCY_AFTER and tokens.near(end):
        end += 1
    elif start == place and scaled is None and not _named_bare(tokens, place):
        return None
    if tokens.sticks(end):
        return None
    return start, _past_per(tokens, end)


def _spelled_price(tokens: Tokens, place: int) -> tuple[int, int] | None:
    """Return the tokens of a price in words: "sejuta", "nửa triệu", "half a million", "lima
    puluh".
    """
    if tokens.words[place] in known.WHOLE_PRICES:
        return place, place + 1
    end = place + 1
    if tokens.words[place] in known.HALVES and tokens.words[end] == "a":
        end += 1
    if tokens.words[place] not in known.NUMBER_WORDS and tokens.words[place] not in known.HALVES:
        return None
    first = end
    while tokens.words[end] in known.WORD_SCALES and end < place + 6:
        end += 1
        if tokens.words[end] in known.NUMBER_WORDS and tokens.words[end + 1] in known.WORD_SCALES:
            end += 1
    counted = (
        tokens.words[end] in known.UNITS
        or tokens.words[end] in known.COUNTED
        or tokens.words[end] in known.NOT_MONEY
    )
    return (place, end) if end > first and not counted else None


def _is_hour_or_year(number: str) -> bool:
    hour, _, minutes = number.partition(".")
    return (minutes in ("00", "15", "30", "45") and hour.isdecimal() and int(hour) < 24) or (
        len(number) == 4 and number.startswith(("19", "20"))
    )


def _past_scale(tokens: Tokens, place: int) -> int | None:
    """Return the place behind "k", "juta", "tr5" and the like, or None if what stands there is no
    scale, or counts other things than money.
    """
    word = tokens.words[place]
    if (
        word not in known.SCALES
        or not tokens.near(place)
        or (word in known.GLUED_SCALES and not tokens.glued(place))
    ):
        return None
    end = place + 1
    if (
        word in known.SPLIT_SCALES
        and tokens.is_whole(end)
        and tokens.near(end)
        and (tokens.glued(end) or tokens.digits(end) == 1)
    ):
        end += 1
    if tokens.words[end] == "rưỡi":
        end += 1
    return None if tokens.words[end] in known.NOT_MONEY else end


def _past_per(tokens: Tokens, end: int) -> int:
    """Take "/pack", "per box" and "an hour" into the price."""
    slash = tokens.words[end] == "/" and tokens.glued(end) and tokens.glued(end + 1)
    if (
        (slash or tokens.words[end] in known.PER)
        and tokens.words[end + 1].isalpha()
        and tokens.words[end + 1] not in known.NOT_PER
    ):
        return end + 2 + (slash and tokens.is_number(end + 2) and tokens.glued(end + 2))
    return end


def _named_bare(tokens: Tokens, place: int) -> bool:
    """Say whether a number without a currency is a price by the words beside it."""
    word, before, after, digits = (
        tokens.words[place],
        tokens.words[place - 1],
        tokens.words[place + 1],
        tokens.digits(place),
    )
    if (
        digits < 2
        or tokens.glued(place)
        or after in known.NO_PRICE_AFTER
        or before in known.NO_PRICE_BEFORE
        or _is_hour_or_year(word)
    ):
        return False
    if before in known.PRICE_BEFORE or after in known.PRICE_AFTER:
        return True
    large = digits >= LARGE and word not in known.STORAGE
    return large and (before in known.PRICE_BEFORE_LARGE or after in known.PRICE_AFTER_LARGE)


def quantity_at(tokens: Tokens, place: int) -> tuple[int, int] | None:
    """Return the tokens of a quantity that begins at ``place``, or has "x" or "+" before it there;
    the end exclusive.
    """
    word, after = tokens.words[place], tokens.words[place + 1]
    if word in known.WHOLE_QUANTITIES:
        return place, place + 1
    if word in known.HALVES:
        return (place, place + 2) if after in known.UNITS else None
    number = tokens.is_number(place)
    if not (_countable(tokens, place) if number else word in known.NUMBER_WORDS):
        return None
    times = _times(tokens, place) if number else None
    if times is not None:
        return times
    end = _past_unit(tokens, place + 1)
    if end > place + 1:
        return (_range_start(tokens, place), end) if _is_bought(tokens, place) else None
    return (place, end) if _counted_bare(tokens, place, number=number) else None


def _times(tokens: Tokens, place: int) -> tuple[int, int] | None:
    """Return the tokens of "x2", "+1 scoop" and "2x"; "2.1 x 1.8" is a measure."""
    before, after = tokens.words[place - 1], tokens.words[place + 1]
    if (
        before in known.TIMES_SIGNS
        and tokens.glued(place)
        and tokens.digits(place) <= 2
        and not tokens.is_number(place - 2)
    ):
        return place - 1, _past_unit(tokens, place + 1)
    if (
        after == "x"
        and tokens.glued(place + 1)
        and not tokens.is_number(place + 2)
        and (place == 0 or before in known.QUANTITY_BEFORE or before in known.MINE)
    ):
        return place, place + 2
    return None


def _is_bought(tokens: Tokens, place: int) -> bool:
    """Say whether so many of a unit are rather bought than somebody's weight or the number of a
    place.
    """
    word, before = tokens.words[place], tokens.words[place - 1]
    if tokens.words[place + 1] not in known.WEIGHTS:
        return before not in known.NOT_QUANTITY_BEFORE
    if before in known.QUANTITY_BEFORE:
        return True
    human = word.isdecimal() and _LIGHTEST <= int(word) <= _HEAVIEST
    return before not in known.NOT_WEIGHED_BEFORE and (
        not human or tokens.words[place + 2] in known.OFTEN
    )


def _range_start(tokens: Tokens, place: int) -> int:
    ranged = (
        tokens.glued(place)
        and tokens.glued(place - 1)
        and tokens.words[place - 1] == "-"
        and tokens.is_number(place - 2)
    )
    return place - 2 if ranged and place >= 2 else place


def _countable(tokens: Tokens, place: int) -> bool:
    weight = tokens.words[place + 1] in known.WEIGHTS
    return (
        (tokens.is_whole(place) or weight)
        and tokens.digits(place) <= 4
        and not tokens.sticks(place, known.TIMES_SIGNS)
    )


def _past_unit(tokens: Tokens, end: int) -> int:
    word, follows = tokens.words[end], tokens.words[end + 1]
    if f"{word} {follows}" in known.TWO_WORD_UNITS:
        return end + 2
    if word in known.SHY_UNITS and tokens.words[end - 2] in known.QUANTITY_BEFORE:
        return end + 1
    return end + 1 if word in known.UNITS and tokens.near(end) else end


def _counted_bare(tokens: Tokens, place: int, *, number: bool) -> bool:
    """Say whether a number alone is a quantity by the words beside it."""
    word, before, after = tokens.words[place], tokens.words[place - 1], tokens.words[place + 1]
    if number and (
        tokens.digits(place) > LARGE or after in known.MEASURES or tokens.glued(place + 1)
    ):
        return False
    if word in known.LAST_NUMBER_WORDS and (after in known.SIGNS or after in known.CLOSES_QUANTITY):
        return True
    if (
        word in known.SHY_NUMBER_WORDS
        or after in known.COUNTED
        or after in known.COLOURS
        or after in known.SIZES
    ):
        return False
    return before in known.QUANTITY_BEFORE or after in known.QUANTITY_AFTER
