"""Writes postal addresses of 25 countries as people write them, inside what people say; and texts
with streets, numbers and prices that are none. All names are made up.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

_NORTH = ("Kestrel", "Larkspur", "Hazelwood", "Thornfield", "Millbrook")
_SOUTH = ("Los Almendros", "Violetas", "Santa Ximena", "Gaviotas", "Palo Verde")
_MALAY = ("Cempaka", "Kenanga", "Seroja", "Anggerik", "Teratai")
_HAN = ("望月", "青松", "云溪", "海棠", "锦绣")
_NAMES = {
    "TH": ("สุขใจ", "ดอกแก้ว", "ริมธาร", "ประดู่ทอง", "ใบบุญ"), "VN": ("Hoa Mai", "Sông Xanh", "Lá Đỏ", "Trăng Non", "Bến Cũ"),
    "JP": ("桜沢", "青葉台", "月見野", "若竹", "緑川"), "KR": ("달빛", "솔바람", "은하수", "꽃마을", "푸른솔"),
    "DE": ("Lerchen", "Amsel", "Linden", "Ahorn", "Mühlen"), "FR": ("des Lilas", "de la Forge", "du Moulin", "des Cerisiers", "de la Source"),
    "BR": ("das Acácias", "do Ipê", "Boa Vista", "das Palmeiras", "do Cedro"),
} | dict.fromkeys(("CN", "TW"), _HAN) | dict.fromkeys(("ID", "MY", "PH"), _MALAY) | dict.fromkeys(("MX", "ES", "AR", "CO", "PE", "CL"), _SOUTH)  # fmt: skip

# n: a house number, m: a smaller one, z: five digits of a code, s: a street.
FORMS = {
    "ID": ("Jl. {s} No. {n}, RT 0{m}/RW 05, Bandung {z}", "jln {s} no {n}", "jl {s} blok {m} no {n} bekasi", "gang {s} no.{n}"),
    "MY": ("No {n}, Jalan {s} {m}, Taman Indah, {z} Kajang", "no {n} jalan {s}", "{n}, Jalan {s} {m}/3", "Lot {n} Lorong {s} {m}, {z} Ipoh"),
    "TH": ("{n}/{m} หมู่ {m} ต.{s} อ.เมือง จ.ลำปาง {z}", "บ้านเลขที่ {n}/{m} ซอย{s}", "{n} ถนน{s} แขวงบางรัก เขตบางรัก {z}", "{n}/{m} ม.{m} ต.{s}"),
    "VN": ("số {n} đường {s}, phường {m}, quận 3", "{n}/{m} ngõ {n} {s}, Hà Nội", "số nhà {n} phố {s}", "{n} {s}, P.{m}, Q.10"),
    "CN": ("杭州市西湖区{s}路{n}号{m}栋{n}室", "{s}街{n}号", "成都市武侯区{s}小区{m}栋{n}室", "{s}大道{n}号{m}单元"),
    "TW": ("台北市大安區{s}路{m}段{n}號5樓", "{s}街{n}巷{m}號", "高雄市三民區{s}路{n}號", "{z}台中市西區{s}街{n}之{m}號"),
    "HK": ("Flat {n}B, {m}/F, {s} Mansion, Kowloon", "九龍海棠道{n}號", "{n} {s} Road, Mong Kok", "Room {n}, {m}/F, {n} {s} Street"),
    "SG": ("Blk {n} {s} Ave {m} #0{m}-{n}, S5{z}", "{n} {s} Road Singapore 5{z}", "blk {n} {s} street {m}", "{n} {s} Crescent #12-{n}"),
    "PH": ("{n} {s} St., Brgy. San Roque, Quezon City", "Blk {m} Lot {n} {s} Subdivision", "{n} {s} Street, Barangay {m}, Cebu City", "Unit {n}, {m} {s} Ave, Makati"),
    "JP": ("〒100-0001 東京都港区{s}{m}-{n}-1", "大阪市北区{s}{m}丁目{n}番4号", "横浜市西区{s}{m}-{n}", "名古屋市中区{s}{m}丁目{n}-3"),
    "KR": ("서울시 강남구 {s}로 {n}", "부산광역시 해운대구 {s}길 {n}-{m}", "수원시 {s}동 {n}-{m}", "서울특별시 마포구 {s}로 {n} {m}층"),
    "IN": ("Flat No {n}, {s} Apartments, Pune 411001", "{n}/{m}, {s} Nagar, Jaipur-302001", "H.No. {n}-{m}, {s} Colony", "{n} {s} Road, Bengaluru 560001"),
    "US": ("{n} {s} Street, Springfield, IL {z}", "{n} {s} Ave Apt {m}, Dayton, OH {z}", "{n} {s} Blvd", "PO Box {n}{m}, Reno, NV {z}"),
    "GB": ("{n} {s} Road, Leeds LS{m} 4QT", "Flat {m}, {n} {s} Street, Hull", "{n} {s} Lane, York YO1 {m}AB", "{n} {s} Terrace"),
    "AU": ("{n} {s} Street, Hobart TAS 7000", "Unit {m}/{n} {s} Road, Perth", "{m}/{n} {s} Parade, Darwin NT 0800", "{n} {s} Crescent"),
    "MX": ("Calle {s} #{n}, Col. Centro, CP {z}", "Av. {s} {n}, Guadalajara", "calle {s} no. {n} int {m}", "Calzada {s} {n}-{m}",
           "Privada {s} {n}, Col. Jardines, C.P. {z}", "Mz. {m} Lt. {n}, Fracc. {s}", "Andador {s} {n} Int. {m}, Puebla", "Calle {m} de Mayo {n}",
           "calle {s} {n} col centro", "Periférico {s} {n}, Col. Jardines", "Carretera {s} km {m}.5"),
    "ES": ("Calle {s} {n}, {m}º B, {z} Sevilla", "C/ {s}, {n}", "Avda. {s} nº {n}", "Paseo {s} {n}, {z} Bilbao"),
    "BR": ("Rua {s}, {n}, apto {m}", "Av. {s}, {n} - Centro", "rua {s}, nº {n}", "Travessa {s}, {n}, CEP {z}-120"),
    "AR": ("Av. {s} {n}, Piso {m}, Rosario", "Calle {s} N° {n}", "Pasaje {s} {n}, Córdoba", "Avenida {s} {n}{m}"),
    "CO": ("Calle {n} # {m}-{n}, Barrio {s}", "Cra {m} # {n}-{m}, Cali", "Carrera {m}A No. {n}-{m}", "Diagonal {m} # {n}-{m} Sur"),
    "PE": ("Jr. {s} {n}, Lima", "Av. {s} {n}, Arequipa", "Calle {s} {n} dpto {m}", "Pasaje {s} N° {n}"),
    "CL": ("Av. {s} {n}, Valparaíso", "Pasaje {s} {n}, Maipú", "Calle {s} #{n}", "Camino {s} {n}, Temuco",
           "{s} {n}, depto {m}01, Ñuñoa", "psje {s} {n}", "Camino {s}, parcela {m}", "Block {m} Depto {n}, Villa {s}", "Calle {m} Oriente {n}, Talca",
           "{s} {n}, Región de Valparaíso", "calle los aromos {n}"),
    "AE": ("Villa {n}, Street {m}, Al Noor", "Apartment {n}, {s} Tower, Dubai", "PO Box {n}{m}", "Office {n}, {s} Building"),
    "DE": ("{s}straße {n}, {z} Jena", "{s}str. {n}a", "{s}weg {n}, {z} Fulda", "{s}gasse {n}"),
    "FR": ("{n} rue {s}, {z} Nantes", "{n} bis, rue {s}", "{n} rue {s} appt {m}", "rue {s} {n}, {z} Lyon"),
}  # fmt: skip
_SAID = ("{}", "send to {}", "{} please", "hi, can you ship 2 pcs to {} ?", "kirim ke {}", "寄到{}", "ส่งที่ {}", "gửi về {}", "mi dirección es {}", "address: {}")  # fmt: skip

NO_ADDRESSES = (
    "jalan {m} jam pun sampai", "boleh jalan kaki {m} menit", "toner no {m} dgn serum no {n}", "no.{m} paling best", "size M{m} {m}XL", "item #{n}-{m} price RM{n}",
    "jl terus no {m}", "taman {m} hari", "block {m} users", "lot {n} sold at {n}k", "flat {m}0% off", "unit {m} pcs", "road trip {m} days", "{m} more street food",
    "{n} likes on the way", "only {m} left in street style", "5 star place {n}", "1 st {m}", "en la calle por {n} pesos", "calle {m} euros", "cuesta {n} con envío a Lima",
    "rua sem saída {n}", "{n}g đường trắng giá {n}k", "đường {m}kg", "size số {m}", "{n}k số {m}", "ม.{m} ราคา {n} บาท", "ซ.{m} ชิ้น", "{m}号链接多少钱", "一路{n}号",
    "走了{m}路{n}元", "11月{m}号发货", "{n}室温", "세트로 {m}개", "{n}원으로 {m}개", "길이 {n}", "Platz {m} für {n} Euro", "Ring {m} kostet {n}", "unterwegs {m} Stunden", "{n} route", "place {m}",
    "Rp{n}.000 jalan", "pasal {m} no {n}", "blok A sold {n}", "{m}-{n}-{m}", "L{m} black {n}", "ship to {m} countries", "deliver to pincode 5600{m}1?", "send to my sister {m} pcs",
    "kirim ke jakarta berapa {n}rb", "address for {m} orders?", "寄到上海{n}元", "envía a {m} ciudades", "PS{m} slim {n}", "iPhone 1{m} Pro {n}", "Galaxy S2{m} {n}GB", "Air Max 9{m} size {n}",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WrittenAddress:
    """A text with one postal address.

    Attributes:
        street: how its street is called; empty where it goes by numbers.
        number: of the house.
    """

    country: str
    text: str
    street: str
    number: str


def written_addresses(count: int, seed: int) -> Iterator[WrittenAddress]:
    """Yield texts with one address each: ``count`` of every country and form."""
    drawn = random.Random(seed)  # noqa: S311 – texts, no secrets
    for country, forms in FORMS.items():
        for form in forms:
            for _ in range(count):
                street = drawn.choice(_NAMES.get(country, _NORTH))
                number = str(drawn.randrange(11, 980))
                values = {"s": street, "n": number, "m": drawn.randrange(2, 10)}
                written = form.format(**values, z=drawn.randrange(10_101, 99_999))
                text = drawn.choice(_SAID).format(written)
                yield WrittenAddress(country, text, street if "{s}" in form else "", number)


def plain_streets(seed: int) -> Iterator[str]:
    """Yield texts with numbers, prices and words of streets, none of them an address."""
    drawn = random.Random(seed)  # noqa: S311 – texts, no secrets
    for shape in NO_ADDRESSES:
        for _ in range(10):
            yield shape.format(m=drawn.randrange(2, 10), n=drawn.randrange(11, 980))
