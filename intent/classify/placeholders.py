"""Replaces contact details by typed placeholders before a text leaves the machine or is stored."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from intent.classify.contacts import ContactKind, find_contacts
from intent.classify.folding import INVISIBLE
from intent.model.disguised import Disguised

Span = tuple[int, int, str]

# The local finder looks for contact details that a business can use, and must not take a price for
# a phone number. What leaves the machine is held to another measure: anything that could be a
# number to reach somebody goes, and where it cannot be told it is called a number.
_NUMERALS = {
    sign: str(value)
    for signs in ("〇一二三四五六七八九", "零壹贰叁肆伍陆柒捌玖", "洞幺貳參")
    for value, sign in enumerate(signs)
}
_NUMERALS |= {
    "幺": "1",
    "么": "1",
    "貳": "2",
    "兩": "2",
    "参": "3",
    "參": "3",
    "陸": "6",
    "两": "2",
}
_IGNORED = re.compile(f"{INVISIBLE.pattern}|[\ufe00-\ufe0f\u20e3\u0300-\u036f]")
_FOREIGN = re.compile(rf"{_IGNORED.pattern}|[{''.join(_NUMERALS)}]|(?![0-9])\d")
_AT = re.compile(r"@|arroba|at[\s)\]}]", re.IGNORECASE)
_PATH = re.compile(r"[/?#]")
_NAMES = re.compile("[:：=]")
_DIGIT = re.compile(r"\d")
_RUN = re.compile(
    r"(?:\+\s?)?[(（]?(?:(?<![^\W\d_])[oO])?\d(?:[^\w\n]{0,3}[oOlI]?\d|(?<=\d)[oOlI]{1,2}(?![^\W\d_])){6,}"
)
_GROUPS = re.compile(r"\d+")
_PRICES = re.compile(
    r"[1-9]\d{0,2}(?:[.,]\d{3})+(?:[.,]\d{1,2})?(?:\D{1,3}[1-9]\d{0,2}(?:[.,]\d{3})+(?:[.,]\d{1,2})?)*"
)
_DATE = re.compile(
    r"(?:19|20)\d\d([-/.])\d{1,2}\1\d{1,2}(?:\D{1,3}\d{1,2}(?:[:.]\d\d)?){0,2}|\d{1,2}([-/.])\d{1,2}\2(?:19|20)\d\d(?:\D{1,3}\d{1,2}(?:[:.]\d\d)?){0,2}"
    r"|[1-9]0*/10{1,2}"
    r"|(?:19|20)\d\d\s?[-–/]\s?(?:19|20)\d\d|[0-2]?\d[:.][0-5]\d\s?[-–]\s?[0-2]?\d[:.][0-5]\d"
)
_WORDS = (
    "zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple|cero|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|"
    "nol|kosong|satu|dua|tiga|empat|lima|enam|tujuh|delapan|lapan|sembilan|không|một|hai|ba|bốn|tư|năm|lăm|sáu|bảy|tám|chín|"
    "ศูนย์|หนึ่ง|สอง|สาม|สี่|ห้า|หก|เจ็ด|แปด|เก้า"
)
_SPELLED = re.compile(rf"(?:(?:{_WORDS}|\d)[\s,.\-]*){{7,}}(?![^\W\d_])", re.IGNORECASE)
_WORD = re.compile(_WORDS)
_MAIL = re.compile(
    r"[^\s@<>\"'(),:;，。：；]{1,64}\s?@\s?[^\s@<>\"'(),:;，。：；]{1,63}\s?\.\s?[^\W\d_]{2,24}"
)
_MAIL_IN_WORDS = re.compile(
    r"[\w.+-]{2,64}\s*(?:[(\[{]\s*(?:at|arroba|@)\s*[)\]}]|\s(?:at|arroba)\s|@)\s*[\w-]{2,63}\s*(?:[(\[{]\s*(?:dot|punto|\.)\s*[)\]}]|\s(?:dot|punto)\s|\.)\s*(?:com|net|org|info|edu|io|me|co|cn|my|id|vn|th|mx|es|sg|tw|au|uk|us)\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"(?<![\w@.])(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,24}(?::\d{2,5})?[/?#][^\s，。！<>\"']+",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(
    r"(?:微信号?|薇信|威信|加v|vx|wx|v信|wechat|weixin|qq|line(?: "
    r"?id)?|ไลน์|ไอดี|telegram|tele|tg|zalo|ig|insta(?:gram)?|fb|facebook"
    r"|whats ?app|wa|skype|kakao|賴)"
    r"\s?(?:id|号)?\s?[:：=]\s*(@?[A-Za-z0-9][\w.-]{2,39})",
    re.IGNORECASE,
)


MAX_CHARACTERS = 2000
"""How much of a text is sent, in characters."""

_LOOKAHEAD = 100


def disguise(text: str, most: int = MAX_CHARACTERS) -> Disguised:
    """Replace phone numbers in any script, e-mail addresses, links and handles by placeholders such
    as ``[phone]`` and ``[phone 2]``.

    Args:
        most: how much of the text is used, in characters; a detail that the cut would halve is left
            out whole.
    """
    pieces: list[str] = []
    originals: dict[str, str] = {}
    end = 0
    for start, stop, kind in _spans(text[: most + _LOOKAHEAD]):
        if stop > most:
            most = min(start, most)
            break
        placeholder = _unused(kind, text, originals)
        originals[placeholder] = text[start:stop]
        pieces += [text[end:start], placeholder]
        end = stop
    return Disguised("".join([*pieces, text[end:most]]), originals)


def _unused(kind: str, text: str, taken: Mapping[str, str]) -> str:
    # An author may write "[phone]" too; then ours must be another one, or theirs would be taken for
    # it.
    number = 1
    while True:
        placeholder = f"[{kind}]" if number == 1 else f"[{kind} {number}]"
        if placeholder not in taken and placeholder not in text:
            return placeholder
        number += 1


def _spans(text: str) -> list[Span]:
    """Return what to replace, in order and without overlaps; the kind of the first finder that saw
    a place counts.
    """
    folded, places = _folded(text)
    known = list(_known(folded))
    found = [*known, *_reached(folded), *_numbers(_without_houses(folded, known))]
    joined: list[Span] = []
    for start, stop, kind in sorted(found, key=lambda span: (span[0], -span[1])):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]), joined[-1][2])
        else:
            joined.append((start, stop, kind))
    return [
        (places[start], _past_marks(text, places[stop - 1] + 1), kind)
        for start, stop, kind in joined
    ]


def _without_houses(text: str, known: Sequence[Span]) -> str:
    """Return the text with line ends where addresses stand: a number to call that follows one is no
    part of it.
    """
    for start, stop, kind in known:
        if kind == ContactKind.ADDRESS:
            text = f"{text[:start]}{chr(10) * (stop - start)}{text[stop:]}"
    return text


def _past_marks(text: str, place: int) -> int:
    while place < len(text) and _IGNORED.match(text[place]):
        place += 1
    return place


def _folded(text: str) -> tuple[str, Sequence[int]]:
    """Return the text with plain digits and letters and nothing invisible, and for every character
    of it the place that it came from.
    """
    if text.isascii() or _is_folded(text):
        return text, range(len(text))
    signs: list[str] = []
    places: list[int] = []
    for place, sign in enumerate(text):
        if _IGNORED.match(sign):
            continue
        value = unicodedata.digit(sign, None)
        plain = (
            str(value)
            if value is not None
            else _NUMERALS.get(sign) or unicodedata.normalize("NFKC", sign)
        )
        signs.append(plain)
        places += [place] * len(plain)
    return "".join(signs), places


def _is_folded(text: str) -> bool:
    return _FOREIGN.search(text) is None and unicodedata.is_normalized("NFKC", text)


def _known(text: str) -> Iterator[Span]:
    for contact in find_contacts(text):
        # digits alone may be a price; of a name that ends in a digit nothing is harmless
        is_number = contact.kind is ContactKind.PHONE
        if not (is_number and _harmless(text[contact.start : contact.end])):
            yield contact.start, contact.end, contact.kind.value


def _reached(text: str) -> Iterator[Span]:
    # What every match needs is looked for first: most texts have nothing of it.
    if "@" in text:
        yield from ((*match.span(), "email") for match in _MAIL.finditer(text))
    if _AT.search(text):
        yield from ((*match.span(), "email") for match in _MAIL_IN_WORDS.finditer(text))
    if "." in text and _PATH.search(text):
        yield from ((*match.span(), "link") for match in _ADDRESS.finditer(text))
    if _NAMES.search(text):
        yield from ((*match.span(1), "handle") for match in _ACCOUNT.finditer(text))


def _numbers(text: str) -> Iterator[Span]:
    if _DIGIT.search(text):
        for match in _RUN.finditer(text):
            if not _harmless(match.group()):
                yield *match.span(), "number"
    # In small letters alone the pattern is as quick as its first letters.
    if len(_WORD.findall(text.lower())) < 3:
        return
    for match in _SPELLED.finditer(text):
        if len(_WORD.findall(match.group().lower())) >= 3:
            yield match.start(), match.start() + len(match.group().rstrip(" \t\n,.-")), "number"


def _harmless(run: str) -> bool:
    """Say whether digits are a price, a day, marks out of ten or sizes in a row; everything else of
    seven digits and more might reach somebody.
    """
    stripped = run.strip()
    groups = _GROUPS.findall(stripped)
    # "5555555" is laughter in Thai, and no line of one digit over and over is anybody's.
    if _PRICES.fullmatch(stripped) or _DATE.fullmatch(stripped) or len(set("".join(groups))) == 1:
        return True
    if len(groups) > 2 and all(len(group) <= 2 for group in groups):
        steps = [int(later) - int(earlier) for earlier, later in pairwise(groups)]
        return all(1 <= step <= 2 for step in steps) or len(set(steps)) == 1
    # Two short numbers side by side ("1500 or 2000", "36-38 70kg") are no number to call; a longer
    # group or more of them may be.
    return (
        sum(map(len, groups)) < 9 and len(groups) > 1 and all(len(group) <= 2 for group in groups)
    )
