"""A room that says that it sells nothing is known as such, and what is asked there is read so."""

from __future__ import annotations

import pytest

from intent.classify.local.encoder_input import encoder_input
from intent.classify.local.ngrams import situation_features
from intent.classify.local.offers import sells_nothing
from intent.model.message import Context, Message
from intent.training.data import plain_message


def said_in(offer: str | None, text: str = "what time does it start") -> Message:
    return plain_message(text, 1).model_copy(update={"context": Context(offer=offer)})


@pytest.mark.parametrize(
    "offer",
    [
        "live stream of a lantern parade, nothing on sale",
        "A choir rehearsal. Nothing is sold here",
        "街头舞蹈直播，不卖东西",
        "siaran langsung lomba perahu, tidak ada yang dijual",
        "siaran ceramah, tiada jualan",
        "concierto del barrio, no se vende nada",
        "show da escola, nada à venda",
        "livestream múa lân, không bán gì",
        "ถ่ายทอดสดงานวัด ไม่ได้ขายอะไร",
        "colony ka mela live, kuch bechte nahi",
        "동네 음악회 중계, 아무것도 팔지 않음",
        "町のお祭りの中継、何も売っていません",
        "بث مباشر للعبة، لا شيء للبيع",
        "Übertragung vom Umzug, nichts zu verkaufen",
        "retransmission du match, rien à vendre",
        "livestream ng pista, walang benta",
    ],
)
def test_rooms_that_sell_nothing_say_so_in_many_languages(offer: str) -> None:
    message = said_in(offer)
    assert sells_nothing(message)
    assert encoder_input(message).encoded == "nothing sold: what time does it start"
    assert "s:nothing sold" in set(situation_features(message, message.text))


@pytest.mark.parametrize(
    "offer",
    [
        None,
        "handmade soap, everything on sale",
        "不锈钢锅专场，买一送一",
        "jualan baju kurung, tidak sempat jahit sendiri",
        "vendemos flores, nada de plástico",
        "bán áo dài may sẵn",
        "ขายน้ำพริก ไม่เผ็ด",
        "Naturkosmetik im Verkauf",
    ],
)
def test_rooms_that_sell_are_not_taken_for_such(offer: str | None) -> None:
    message = said_in(offer)
    assert not sells_nothing(message)
    assert encoder_input(message).encoded == "what time does it start"
    assert "s:nothing sold" not in set(situation_features(message, message.text))
