"""Says whether a room's offer tells that nothing is sold there, in the languages that rooms are
described in: what a viewer asks in such a room is no lead.
"""

from __future__ import annotations

import re
from functools import lru_cache

from intent.model.message import Message

_NOTHING_SOLD = re.compile(
    "|".join(
        (
            # English
            r"nothing (?:is |was )?(?:on|for|up for) sale|nothing (?:is |to be )?sold",
            r"(?:not|never|isn'?t|doesn'?t) sell|sells? nothing|nothing to sell|no sales\b",
            # Chinese
            "不[卖賣售]|不带货|不帶貨|没有卖|没有商品",
            # Indonesian and Malay
            "tidak (?:ada (?:yang )?)?(?:di|men)?jual|tidak berjualan|t(?:ia|a)da jualan",
            "tak (?:ada )?(?:men)?jual|bukan jualan|tidak jualan|tanpa jual",
            # Spanish and Portuguese
            "no (?:se )?vend|nada (?:en|a la|que) ven|sin venta",
            "nada (?:à|a) venda|não (?:se )?vend|sem venda",
            # Vietnamese and Thai
            "không (?:có )?bán|khong ban|ไม่ได้ขาย|ไม่ขาย|ไม่มี(?:ของ|อะไร)?ขาย",
            # Hindi in both scripts
            "bech(?:te|ta|ti) nah|nah[ií]n? bech|नहीं बेच|बिक्री नहीं|बेचते नहीं",
            # Korean and Japanese
            "팔지 않|판매하지 않|판매 없|何も売|販売な|売ってい?ま?せん|売らな",
            # Arabic
            "لا شيء للبيع|لا ي?ت?بيع|بدون بيع",
            # German and French
            "nichts (?:zu verkaufen|wird verkauft|verkauft|im verkauf|zu kauf)|kein verkauf",
            "rien (?:à|a|n'est|en) vend|rien en vente|vend rien|pas de vente",
            # Tagalog
            "walang (?:bine|tini|bibil)?(?:benta|tinda)|hindi nagbebenta",
        )
    ),
    re.IGNORECASE,
)


def sells_nothing(message: Message) -> bool:
    """Say whether the room that a message was written in tells that it sells nothing."""
    context = message.context
    return bool(context and context.offer and _tells(context.offer))


@lru_cache(maxsize=256)
def _tells(offer: str) -> bool:
    # A room offers the same to all its messages.
    return _NOTHING_SOLD.search(offer) is not None
