"""The words that claims are read by, in six languages, as patterns over folded texts."""

from __future__ import annotations

import re

_MOST_PIECES_SAID = 99
"""More pieces than this are asked back: nobody means them, or somebody should look."""


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives))


ORDERS = _any(
    r"\b(?:want|wanna|i'?ll take|take|sold|claim|mine|put me down|give me)",
    r"\b(?:gimme|for me|me pl|order)",
    r"\b(?:grab|can i (?:get|have)|could i (?:get|have)|i'?d like|reserve|please|pls|plz)\b",
    r"\b(?:mau|nak|nk|ambil|ambik|pes[ae]n|sikat|fix|keep|bungkus|beli|checkout)\b",
    r"要|来|來|拍|订|訂|留|拿|扣|买|買",
    r"\b(?:chốt|lấy|cho (?:em|mình|chị|chú|anh|cô|bác)|đặt|mua|gói|cần|giữ)\b",
    r"เอา|รับ|\bcf\b|ขอ|จอง",
    r"\b(?:quiero|llevo|dame|ap[aá]rtame|sep[aá]rame|an[oó]ta(?:me|s)|m[ií][ao])\b",
    r"\b(?:para m[ií]|quedo)\b",
    r"\b(?:compro|m[aá]ndame|por favor|porfa|resérvame)\b",
)
CANCELS = _any(
    r"\b(?:cancel\w*|remove mine|nvm|never ?mind|(?:don'?t|do not) want \w+ any ?more)\b",
    r"\b(?:batal|(?:ga|gak|nggak|ngga|tak) jadi)\b",
    r"取消|不要了|不买了|不買了",
    r"\b(?:h[uủ]y|huỷ|bỏ (?:giúp|đơn)|không lấy nữa)\b",
    r"ยกเลิก|ไม่เอาแล้ว",
    r"\b(?:quita|siempre no|ya no (?:la |lo )?quiero)\b",
)
REFUSES = _any(
    r"\b(?:don'?t|do not|not) (?:want|need)\b",
    r"\b(?:(?:ga|gak|nggak|ngga|tak|tidak) (?:mau|nak|usah)|gausah)\b",
    r"不想|不要",
    r"không lấy",
    r"ไม่เอา",
    r"\bno (?:quiero|llevo)\b",
)
ADDS = _any(
    r"\b(?:add|another|one more|extra)\b",
    r"\b(?:nambah|tambah)\b",
    r"再|多要|再加",
    r"\b(?:thêm|nữa)\b",
    r"เพิ่ม|อีก",
    r"\b(?:agrega\w*|otr[ao]s?|más)\b",
)
CHANGES = _any(
    r"\b(?:make (?:it|that)|change)\b",
    r"\b(?:ganti|tukar|jadi \d)",
    r"改成|换成|換成|一共",
    r"\bđổi\b",
    r"เปลี่ยน",
    r"\b(?:mejor|cambia\w*)\b",
)
DOUBTS = _any(
    # a condition, or a joke
    r"\b(?:if|unless|kalo|kalau|nếu|si)\b|如果|要是|的话|ถ้า",
    r"\b(?:haha\w*|lol|lmao|(?:wk){2,}\w*|hihi\w*|huhu\w*|(?:ja){2,}\w*)\b|555|哈哈",
    r"\b(?:broke|bokek)\b|没钱",
    # what was bought before
    r"\b(?:bought|arrived|already (?:got|had|have)|i (?:already )?had)\b",
    r"\blast (?:week|friday|night)\b",
    r"\b(?:yesterday|where is my|kemarin|minggu lepas|paket|belum (?:nyampe|sampai|dikirim))\b",
    r"上次|发货|昨天",
    r"hôm (?:trước|qua)",
    r"เมื่อวาน|สั่งไป",
    r"\b(?:ayer|ped[ií]|compré|llegó)\b",
)
POLITE = _any(r"\b(?:can|could) i (?:get|have)\b", r"\bboleh minta\b", r"\bme (?:das|anotas)\b")
"""Questions that are orders."""
QUESTIONS = _any(
    r"\?",
    r"\b(?:how much|price|is (?:it|this)|are (?:these|they)|do you|does|any(?:one)?)\b",
    r"\b(?:berapa\w*|brp|masih ada|harga)\b|\b(?:ga|gak|tak)(?: kak)?$",
    r"多少|怎么|吗|有没有|什么|质量|甜不甜",
    r"\b(?:giá|bao nhiêu|nhiêu|còn|mấy)\b|\bkhông(?: (?:shop|ạ|em))?$",
    r"ไหม|มั้ย|เท่าไหร่|ราคา|วันไหน",
    r"\b(?:cu[aá]nto|precio|qu[eé] (?:precio|talla))\b",
)
EACH = _any(r"\beach\b|\b(?:setiap|masing)\b|各|mỗi (?:thứ|loại)|อย่างละ|de cada\b|one of each")
EVERY_ITEM = _any(r"one of each|de cada una|mỗi loại|各一")

NUMBERS = {
    word: value
    for value, words in {
        1: "one a an satu sebuah một otra otro otras otros una un uno another หนึ่ง นึง เดียว 一",
        2: "two dua hai dos สอง 两 兩 二 俩",
        3: "three tiga ba tres สาม 三",
        4: "four empat bốn cuatro สี่ 四",
        5: "five lima năm cinco ห้า 五",
        6: "six enam sáu seis หก 六",
        7: "seven tujuh bảy siete เจ็ด 七",
        8: "eight lapan delapan tám ocho แปด 八",
        9: "nine sembilan chín nueve เก้า 九",
        10: "ten sepuluh mười diez สิบ 十",
        12: "dozen selusin docena โหล",
        1000: "thousand seribu mil nghìn พัน 千",
        1_000_000: "million sejuta millón triệu tỷ ล้าน 万 萬",
    }.items()
    for word in words.split()
}
"""Number words; what is too many to be meant is here, too, so that it is not read as one."""

MOST_PIECES_SAID = _MOST_PIECES_SAID

COLOURS = tuple(
    frozenset(words.split())
    for words in (
        "black hitam item 黑 黑色 đen ดำ negro negra negros negras",
        "white putih 白 白色 trắng ขาว blanco blanca blancos blancas",
        "red merah mrh 红 红色 紅 紅色 đỏ แดง rojo roja rojos rojas",
        "blue biru 蓝 蓝色 藍 藍色 xanh ฟ้า น้ำเงิน azul azules",
        "green hijau ijo 绿 绿色 綠色 เขียว verde verdes",
        "yellow kuning 黄 黄色 vàng เหลือง amarillo amarilla",
        "pink 粉 粉色 粉红 hồng ชมพู rosa rosado rosada",
        "purple ungu 紫 紫色 tím ม่วง morado morada",
        "grey gray abu 灰 灰色 xám เทา gris",
        "brown coklat cokelat 棕 棕色 nâu น้ำตาล café marrón",
        "cream krem beige 米 米色 kem ครีม crema",
    )
)
"""The same colour in six languages."""
