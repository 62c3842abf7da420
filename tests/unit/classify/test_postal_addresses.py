"""Addresses of people leave texts whole, with what follows them; streets without a number stay."""

from __future__ import annotations

import time

import pytest

from intent.classify.contacts import ContactKind, find_contacts
from intent.classify.placeholders import disguise
from intent.classify.postal_addresses import find_addresses
from intent.classify.slots.find import find_contact_slots

WHOLE = (
    "Jl. Melati No. 5, RT 03/RW 05, Kel. Sukamaju, Bandung 40123",
    "Jl Melati no 5 RT 03/RW 05 Bandung 40123",
    "No 12, Jalan Mawar 3, Taman Indah, 43000 Kajang",
    "Blk 123 Larkspur Ave 4 #12-345 S560123",
    "12 Kestrel Road, Leeds LS1 4QT",
    "7070 Kestrel Ridge Suite 228, North Haven, ND 72372",
    "Calle Violetas 12, 41001 Sevilla",
    "Privada Los Encinos 45-B, Col. Jardines, Zapopan, C.P. 45100",
    "calle violetas #45 entre gaviotas y encinos",
    "Mz. 3 Lt. 14, Fracc. Las Palmas",
    "Calle 60 x 47 y 49 No. 412, Centro",
    "Carretera Federal 57 km 12.5",
    "Los Aromos 1234, depto 501, Ñuñoa, Región Metropolitana",
    "psje los aromos 1234",
    "Block 5 Depto 34, Villa Los Encinos",
    "Camino Los Encinos, parcela 12",
    "Calle 45 # 12-34",
    "Lerchenstraße 12a, 36037 Fulda",
    "12 bis rue de la Forge, 44000 Nantes",
    "Rua das Flores, 123, apto 4",
    "số 12 đường Hoa Mai, phường 5, quận 3",
    "99/1 หมู่ 5 ต.ริมธาร อ.เมือง จ.ลำปาง 52000",
    "望月路12号3栋502室",
    "台北市大安區青松路四段100巷5弄12號6樓",
    "東京都港区桜沢1-2-3",
    "서울시 강남구 달빛로 12",
)


@pytest.mark.parametrize("address", WHOLE)
def test_an_address_leaves_whole_and_comes_back(address: str) -> None:
    sent = disguise(f"hi, {address} ; price RM50")
    assert sent.text == "hi, [address] ; price RM50"
    assert sent.restored("[address]") == address


def test_behind_a_word_that_announces_it_less_is_enough() -> None:
    assert disguise("send to 12 baker st please").text == "send to [address] please"
    assert disguise("10 last st please").text == "10 last st please"


@pytest.mark.parametrize(
    "text",
    [
        "do you ship to Bandung?",
        "your shop is at Jalan Mawar?",
        "jalan kaki 5 menit",
        "jl terus no 5",
        "toner no 5 dgn no 3",
        "đường 5kg",
        "retorno talla 38",
        "privada 5 veces",
        "manzana 3 kg",
        "mz 5 lt de agua",
        "San Martin 5, casa 2 gana",
        "Ruta Norte 2024",
        "size M1 2XL",
        "我知道12号发货",
    ],
)
def test_a_street_or_town_without_a_house_is_none(text: str) -> None:
    assert find_addresses(text) == []


def test_a_number_to_call_behind_an_address_is_a_phone() -> None:
    kinds = [one.kind for one in find_contacts("Jl Mawar no 5, 081234567890")]
    assert kinds == [ContactKind.ADDRESS, ContactKind.PHONE]
    assert disguise("Jl Mawar no 5, 081234567890 ya").text == "[address], [phone] ya"


def test_an_address_is_a_contact_slot() -> None:
    (slot,) = find_contact_slots("kirim ke jl mawar no 5")
    assert (slot.kind, slot.text) == ("contact", "jl mawar no 5")


@pytest.mark.parametrize(
    "piece", ["Aa-", "市", "jalan a ", "send to 1 a ", "no 1, Calle Aa ", "1/1 "]
)
def test_a_hostile_text_costs_little(piece: str) -> None:
    began = time.process_time()
    find_addresses((piece * 4000)[:4000] + " 1")
    assert time.process_time() - began < 2
