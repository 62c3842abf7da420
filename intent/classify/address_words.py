"""The words and pieces that addresses are found by: what streets are called, what a number beside
them must not be, what follows an address and what announces one.
"""

from __future__ import annotations

import re

# What stands behind a number that counts, weighs, costs or lasts something.
COUNTED = (
    r"(?!\d|[.,:]\d|\s?(?:[$€£฿₫%°]|(?:km|kms|m|kg|gr?|gram|grams|ml|l|cm|mm|inch|pcs?|pieces?|x|k|rb|"
    r"ribu|jt|juta|jam|menit|minit|minute[sn]?|min|mins|hours?|hrs?|horas?|días?|days?|hari|minggu|weeks?|"
    r"bulan|bln|months?|meses|tahun|thn|years?|años?|orang|org|people|kali|usd|rm|sgd|idr|eur|euros?|"
    r"pesos?|soles|reais|rupiah|đ|vnd|nghìn|ngàn|triệu|tr|cái|pm|am|uhr|stunden|tage|mal|stück)\b|"
    r"[元块塊件個个天分年月日]|บาท|ชิ้น|นาที|ชั่วโมง|วัน|개|원|분|시간))"
)
NUMBER = rf"\d{{1,5}}(?:\s?[a-z]\b|[a-z]\b)?(?:[-/]\d{{1,4}}[a-z]?\b)*(?:-[a-z]\b)?{COUNTED}"
WORD = r"[^\W\d_][\w'’.-]{0,29}"
# A word that begins with a capital, in Latin letters with any mark.
CAPITAL = r"(?-i:[A-ZÀ-ÖØ-ÞĐĂƠƯĀ-ŽẠ-Ỹ])[\w'’.-]{0,29}"
_LATIN = r"0-9A-Za-z_À-ÖØ-öø-ỹ"
# The same without digits: a town, and no postcode.
TOWN = r"(?-i:[A-ZÀ-ÖØ-ÞĐĂƠƯĀ-ŽẠ-Ỹ])(?:[^\W\d_]|['’.-]){0,29}(?![\w])"
START = rf"(?<![{_LATIN}$€£₱฿#@.,/-])"
EDGE = rf"(?<![{_LATIN}/])"
HAN = r"[\u4e00-\u9fff]"
THAI = r"[\u0e00-\u0e7f]"

MALAY_STREET = r"(?:jalan|jln|jl|lorong|lrg|persiaran|lebuh|gang|gg|lengkok|jl?n\. raya)"
UNIT = (
    r"(?:(?:no|nomor|lot|unit|blk|block|blok|flat|apt|suite|room|rm|level|shop)\b\.?\s?:?\s?"
    r"[a-z]?-?\d{1,5}[a-z]?(?:-\d+){0,2}[\s,]{1,3})"
)
STRONG = r"(?:street|road|avenue|boulevard|blvd|crescent|terrace|highway|laneway|esplanade)"
WEAK = (
    r"(?-i:St|Rd|Ave|Av|Ln|Lane|Dr|Drive|Ct|Court|Pl|Place|Cres|Close|Hwy|Way|Square|Sq|Parade|Pde|"
    r"Grove|Gardens|Walk|Hill|Park|View|Plaza)"
)
AVENIDA = (
    r"(?:calle|c/|avda?\.?|avenida|av\.?|carrera|jr\.|jir[óo]n|pasaje|psje\.?|pje\.?|paseo|plaza|callej[óo]n|"
    r"diagonal|diag\.|calz(?:ada|\.)|boulevard|blvd\.?|prolongaci[óo]n|ronda|camino|eje vial|circuito|privada)"
)
RUA = r"(?:rua|avenida|av\.?|travessa|alameda|estrada|pra[çc]a|rodovia)"
RUE = r"(?:rue|avenue|av\.|boulevard|bd|chemin|impasse|all[ée]e|quai|place|route|cours|square|passage)"
OF = r"(?:de|del|la|las|los|el|da|do|dos|das|du|des|le|les|e|y|l['’]|d['’])"

NO_NAME = re.compile(
    r"ke|di|dari|dr|sama|yang|yg|utk|untuk|terus|kaki|dan|dgn|dengan|jalan|jln|naik|mau|boleh|bisa|lagi|aja|saja|je|pun|"
    r"tak|tdk|tidak|nak|pakai|kalau|kalo|keluar|masuk|pulang|bareng|"
    r"por|con|a|en|para|que|y|hay|cuesta|vale|hasta|sin|o|un|una|em|um|uma|com|até|sem|"
    r"the|of|on|in|and|or|for|to|my|your|our|this|that|off|with|at|is|are|was|by|from|more|less|than|per|only|"
    r"hours?|minutes?|mins?|km|miles|days?|weeks?|pcs|x|last|next|first|good|bad|great|other|side|cross|big|ride|rocky|"
    r"long|red|new|nice|best|pack|set|size|item|number|box|boxes|one|two|three|"
    r"rời|đi|ra|vào|trắng|nâu|phèn|cát",
    re.IGNORECASE,
)
"""A word that is no part of a street's name: who writes it walks a road, or sells off one."""

_AREA = (
    r"(?:kel(?:urahan)?\.?|kec(?:amatan)?\.?|kab(?:upaten)?\.?|kota|desa|dusun|dukuh|perum(?:ahan)?|komplek|taman|kampung|kg\.|"
    r"bandar|seksyen|brgy\.?|barangay|phường|p\.|quận|q\.|tp\.?|thành phố|tỉnh|xã|huyện|col\.?|colonia|barrio|urb\.?|"
    r"urbanización|bairro|vila|sector)"
)
TAIL = re.compile(
    rf"(?:\s?[,.]?\s?(?:"
    rf"\s#\s?\d{{1,3}}-\d{{1,5}}"
    rf"|,?\s(?:apt|apto|apartment|unit|suite|ste|flat|floor|fl|lantai|lt|tingkat|piso|departamento|depto|dpto|of|oficina|puerta|edificio|edif|torre|interior|int|local|mz|lote|bloco|casa|lot|lô|tầng|căn)\b\.?\s?#?\s?[a-z]?\d{{1,5}}(?:[a-z]|-[a-z\d])?\b"
    rf"|,?\sentre\s{WORD}(?:\s{CAPITAL}){{0,2}}\sy\s(?:{OF}\s)?{WORD}(?:\s{CAPITAL}){{0,2}}"
    rf"|,?\sc\.?p\.?\s?:?\s?\d{{5}}(?!\d)"
    rf"|,?\s?regi[óo]n\s(?:(?:del?|la|los)\s){{0,2}}{CAPITAL}(?:\s{CAPITAL}){{0,2}}"
    rf"|,?\s(?:rt\s?\.?\d{{1,3}}\s?/?\s?rw\s?\.?\d{{1,3}}|no\b\.?\s?\d{{1,4}}\b|#\d{{1,4}}\b)"
    rf"|,?\s{_AREA}\s?(?:{WORD}(?:\s{CAPITAL}){{0,3}}|\d{{1,2}}\b)"
    rf"|(?-i:,\s?{TOWN}(?:[ -](?:de |del |la |los |las |da |do )?{TOWN}){{0,3}})(?:\s\d{{1,2}}(?=,))?"
    rf"|,?\s?(?-i:[A-Z]{{2,3}}),?\s\d{{4,5}}(?:-\d{{4}})?(?!\d)"
    rf"|,?[\s-]\s?\(?(?-i:S\s?)?\d{{5,6}}(?:-\d{{3,4}})?\)?(?![\d.,]*\d)(?!\s?(?:rb|ribu|k|jt|rp|đ|usd|pcs)\b)(?:\s(?-i:{TOWN}(?:[ -](?:del? |la |los )?{TOWN}){{0,3}}))?"
    rf"|,?\s{TOWN}(?:\s{TOWN})?,?\s\d{{5,6}}(?!\d|[.,]\d)"
    rf"|,?\s(?-i:[A-Z]{{1,2}}\d[A-Z\d]?\s?\d[A-Z]{{2}})\b"
    rf"|\s?(?:(?:หมู่บ้าน|หมู่ที่|หมู่|ม\.|ซอย|ซ\.|ถนน|ถ\.|ตำบล|ต\.|แขวง|อำเภอ|อ\.|เขต|จังหวัด|จ\.)\s?[\u0e00-\u0e7f\d]{{1,40}})"
    rf"|(?:\s?[\u0e00-\u0e7f.]{{2,30}}){{0,3}}\s\d{{5}}(?!\d)(?=\s|$)"
    rf"|\s(?:กรุงเทพ[\u0e00-\u0e7f]*|กทม\.?)"
    rf"|(?<=[\u3040-\u9fff\d])\s?[之]?[a-zA-Z]?\d{{1,4}}\s?(?:号楼|號樓|栋|棟|幢|座|单元|單元|室|楼|樓|层|層|F|房|院|号|號)(?:楼|樓)?"
    rf"|(?<=[\u3040-\u9fff\d])\s\d{{6}}(?!\d)"
    rf"))+",
    re.IGNORECASE,
)
"""What may follow: unit, district, town, postcode."""

INTRODUCTION = re.compile(
    r"(?:alamat(?:nya| saya| rumah| lengkap| pengiriman)?|address(?: is)?|(?:send|ship|deliver|post|mail)(?: it| them| this| mine)? "
    r"to(?: me at)?|kirim(?:kan|in)?(?: aja| ya| paket)? ke|hantar(?:kan)? ke|pos ke|antar ke|i live (?:at|in|on)|tinggal di|"
    r"rumah saya di|ส่งที่|ส่งมาที่|ส่งไปที่|ที่อยู่|地址(?:是)?|寄到|送到|我家在|住在|gửi (?:về|đến|tới)|giao (?:đến|tới|về)|địa chỉ|dirección(?: es)?|"
    r"direccion(?: es)?|domicilio(?: es)?|vivo en|envi[ae]r? a|env[íi]o a|entregar? en|m[áa]nda(?:l[oa]|mel[oa])? a|adresse(?: ist| est)?|schicken an|endereço|entrega(?:r)? (?:na|no|em)|住所|주소는?)"
    r"\s?[:：=-]?\s?(?:(?:sy|saya|aku|gue|me|i|ku|is|es)\b\s?,?\s?)?",
    re.IGNORECASE,
)
"""Says that an address comes."""

INTRODUCED = re.compile(
    r"[^\n?!。？！:]{0,40}?(?:"
    r"(?<![^\W_])(?:jalan|jln|jl|gang|gg|lorong|taman|blok|block|blk|perum|komplek|street|st|road|rd|avenue|ave|av|lane|ln|drive|dr|court|ct|"
    r"close|way|calle|avenida|avda|carrera|privada|cerrada|pasaje|psje|pje|calzada|andador|rua|rue|straße|strasse|đường|ngõ|hẻm|phường|quận|tower|apartments?|flat|villa|nagar)"
    rf"\b\.?[^\n?!:]{{0,30}}?(?<![\d.,$€£]){NUMBER}"
    rf"|(?<![\d.,$€£]){NUMBER}[^\n?!:]{{0,40}}?(?<![^\W_])(?:jalan|jln|jl|street|st|road|rd|avenue|ave|av|lane|ln|drive|dr|court|ct|close|crescent|"
    r"terrace|way|place|rue|đường|ngõ|hẻm|tower|apartments?|nagar|colony|taman|ถนน|ซอย|หมู่)\b\.?"
    r"|[\u4e00-\u9fff]{2,30}[路街村镇鎮苑区區园園楼樓][\u4e00-\u9fffa-zA-Z\d-]{0,20}?\d{1,5}[号號栋棟室楼樓座]?"
    r")",
    re.IGNORECASE,
)
"""Is enough of an address behind an introduction."""

_STREETS = (
    "jalan jln jl lorong lrg lebuh persiaran lengkok gang gg taman kampung kg rt rw blok block blk lot "
    "street road avenue boulevard blvd crescent terrace highway laneway esplanade st rd ave av ln lane dr drive ct court "
    "pl place cres close hwy way square sq parade pde grove gardens walk hill park view plaza box f apartment apartments apt "
    "flat villa office unit studio room house plot door nagar marg colony layout enclave vihar chowk chowki zila circle path "
    "ganj brgy barangay bgy singapore số so đường duong đ phố pho ngõ ngo ngách hẻm hem kiệt phường quận huyện xã p q tp "
    "rue bd chemin impasse allée allee quai cours route passage calle c avda avd avenida carrera jr jirón jiron pasaje psje pje "
    "paseo callejón calz calzada diagonal diag prolongación ronda camino eje circuito privada región region cra kra cr kr cl cll "
    "transversal tv dg ak ac andador cerrada retorno peatonal periférico periferico circunvalación circunvalacion viaducto "
    "continuación continuacion corredor ampliación ampliacion prol priv costanera subida bajada autopista carretera libramiento "
    "malecón malecon manzana mza mz bloque edificio edif torre villa población poblacion condominio casa parcela depto dpto "
    "departamento piso oficina norte sur oriente poniente rua travessa alameda estrada praça praca rodovia cep tower towers tinggal"
)
STREETS = frozenset(_STREETS.split())
"""Words of which every address in Latin letters holds one, in small letters; or it ends as one of
:data:`SUFFIXES`, or holds :data:`SIGNS`."""

SUFFIXES = (
    "straße",
    "strasse",
    "str",
    "gasse",
    "allee",
    "weg",
    "platz",
    "ring",
    "damm",
    "ufer",
    "markt",
)

SIGNS = re.compile(
    r"[路街巷弄道里园園栋棟幢座村苑区區市〒町郡]|[로길가동읍면리]\s?\d|거리|เลขที่|หมู่|ม\.|ถนน|ถ\.|ซอย|ซ\.|ต\.|ตำบล|แขวง|"
    r", (?:\d{5}(?:-?\d{3})?|[A-Za-z]{2,3},? \d{4,5}|[A-Za-z]{1,2}\d[A-Za-z\d]? \d[A-Za-z]{2})(?![A-Za-z\d])"
)
