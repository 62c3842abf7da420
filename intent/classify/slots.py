"""Finds what can be found without a model: contact details, prices, quantities, and variants such as sizes, colours and claim codes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from intent.classify.contacts import find_contacts
from intent.decision import Slot

LOCAL_SLOTS = frozenset({"contact", "price", "quantity", "variant"})
"""The kinds of slots that are found here; product, place and time are left to the LLM."""

# Bounded, and never begun in the middle of a number: a flood of digits costs no more than its length.
_NUMBER = r"\d{1,9}(?:[.,]\d{1,9}){0,4}"
_PRICE = re.compile(
    rf"(?:(?:US|A|S|NT|HK)?\$|[£€¥₫฿₱]|\b(?:RM|Rp\.?|USD|AUD|SGD|MYR|IDR|THB|VND))\s?{_NUMBER}(?:\s?(?:k|rb|jt|tr|ribu|juta))?(?![\w%])"
    rf"|(?<![\d.,]){_NUMBER}\s?(?:[€₫฿£$]|(?:k|rb|ribu|jt|juta|tr|triệu|nghìn|ngàn|đồng|quid|dollars?|bucks|euros?|pesos?|soles|ringgit|usd|aud|sgd|baht)\b"
    r"|บาท|元|块钱?|塊錢?|万(?![人件个]))",
    re.IGNORECASE,
)
_UNITS = (
    r"pcs?|pieces?|sets?|pairs?|box(?:es)?|packs?|units?|bottles?|jars?|tubes?|bags?|people|pax|x|pasang|helai|biji|buah|botol|kotak|bungkus|pek|"
    r"cái|chiếc|hộp|đôi|bộ|chai|gói|túi|cặp|hũ|thùng|unidades|pares|cajas|piezas|docenas?|frascos|bolsas"
)
_COUNTED = r"件|个|個|盒|瓶|套|双|雙|袋|条|條|份|支|台|只|隻|包|箱|张|張|本|ชิ้น|ตัว|อัน|กล่อง|คู่|ขวด|ชุด|ซอง|ใบ|ถุง|คน"
_WORDS = r"one|two|three|four|five|six|ten|dozen|dua|tiga|empat|satu|dos|tres|cuatro|cinco|hai|ba|bốn|năm"
_QUANTITY = re.compile(
    rf"(?<![\w.,])(?:\d{{1,4}}|{_WORDS})\s?(?:{_UNITS})\b|(?<![\d.,])\d{{1,4}}\s?(?:{_COUNTED})|[一二两兩俩三四五六七八九十半]+\s?(?:{_COUNTED})"
    r"|(?<![\w.])x\s?\d{1,3}\b|(?<=\+)\d{1,2}\b",
    re.IGNORECASE,
)
_COLOURS = (
    "black|white|red|blue|green|pink|purple|yellow|grey|gray|brown|beige|navy|olive|cream|nude|orange|gold|silver|maroon|"
    "hitam|putih|merah|biru|hijau|ungu|kuning|kelabu|abu-abu|coklat|cokelat|emas|perak|"
    "negro|negra|blanco|blanca|rojo|roja|azul|verde|rosa|rosado|morado|amarillo|amarilla|gris|marrón|dorado|dorada|plateado|"
    "đen|trắng|đỏ|xanh|hồng|tím|vàng|xám|nâu|kem"
)
_COLOURS_UNSPACED = (
    "黑色?|白色?|红色?|紅色?|蓝色|藍色|绿色|綠色|粉色|紫色|黄色|黃色|灰色?|棕色|米色|金色|银色|銀色"
    "|สีดำ|สีขาว|สีแดง|สีฟ้า|สีเขียว|สีชมพู|สีม่วง|สีเหลือง|สีเทา|สีน้ำตาล|สีครีม"
)
_VARIANT = re.compile(
    r"(?:\b(?:size|saiz|sz|ukuran|talla|số)|ไซส์|ไซซ์|เบอร์|尺码|码数)\s?(?:\d{1,3}(?:\.5)?|\d?X{0,3}[SML])(?!\w)"
    r"|(?<![\w'’])(?i:free ?size|XXS|XS|XL|XXL|XXXL|[2-6]XL)(?!\w)|(?<![\w'’&])[SML](?![\w'’&])"
    r"|(?<![\w$])[A-Z]{1,2}\d{1,3}(?!\w)|#\d{1,4}\b|\d{1,3}[号號码碼]"
    rf"|\b(?i:{_COLOURS})\b|{_COLOURS_UNSPACED}"
)


def find_slots(text: str) -> tuple[Slot, ...]:
    """Return contact, price, quantity and variant slots: verbatim substrings in order of position, none inside another."""
    taken: list[tuple[int, int]] = []
    found = [(start, kind, piece) for start, kind, piece in _candidates(text) if _free(taken, start, start + len(piece))]
    return tuple(Slot(kind, piece) for _, kind, piece in sorted(found))


def _candidates(text: str) -> Iterator[tuple[int, str, str]]:
    for contact in find_contacts(text):
        yield contact.start, "contact", text[contact.start : contact.end]
    for kind, pattern in (("price", _PRICE), ("quantity", _QUANTITY), ("variant", _VARIANT)):
        for match in pattern.finditer(text):
            yield match.start(), kind, match.group()


def _free(taken: list[tuple[int, int]], start: int, end: int) -> bool:
    if any(start < other_end and other_start < end for other_start, other_end in taken):
        return False
    taken.append((start, end))
    return True
