"""How people write postal addresses, country by country, as patterns: a street with a number, or
what stands for it where streets have no names.

A rule finds the part that nobody could mistake; what follows it, such as a unit, a district or a
postcode, is one of the tails. Behind a word such as "send to" less is enough.
"""

from __future__ import annotations

from intent.classify.address_rule import address_rule
from intent.classify.address_spanish import SPANISH_RULES
from intent.classify.address_words import (
    CAPITAL,
    COUNTED,
    EDGE,
    HAN,
    MALAY_STREET,
    NUMBER,
    OF,
    RUA,
    RUE,
    START,
    STRONG,
    THAI,
    UNIT,
    WEAK,
    WORD,
)

RULES = (
    # Indonesia and Malaysia: "Jl. Mawar no 5", "No 12, Jalan Kenanga 3", "RT 03/RW 05".
    address_rule(
        "ID MY",
        rf"{START}{UNIT}?{MALAY_STREET}\b\.?\s?(?P<name>(?:{WORD}\s){{1,4}}|(?:{WORD}\s){{0,3}}{WORD},\s?)"
        rf"(?:no|nomor|num|blok|kav)\b\.?\s?:?\s?[a-z]?-?{NUMBER}",
    ),
    address_rule(
        "ID MY",
        rf"{START}{UNIT}?(?-i:Jalan|Jln|Jl|JALAN|JLN|JL|Lorong|Persiaran|Lebuh|Gang|Gg)\b\.?\s?"
        rf"(?P<name>(?:{CAPITAL}\s){{1,4}}){NUMBER}",
    ),
    address_rule(
        "MY",
        rf"{START}{UNIT}?{MALAY_STREET}\b\.?\s?(?P<name>(?:{WORD}\s){{0,3}})"
        rf"(?:[a-z]{{2,12}}\s?)?\d{{1,3}}/\d{{1,3}}[a-z]?\b{COUNTED}",
    ),
    address_rule(
        "MY ID",
        rf"{START}(?:no\.?\s?|lot\s?)?\d{{1,5}}[a-z]?(?:-\d+)*\s?,?\s{MALAY_STREET}\b\.?\s"
        rf"(?P<name>(?-i:[A-Z]){WORD}(?:\s{CAPITAL}){{0,3}})(?:\s\d{{1,3}}(?:/\d+[a-z]?)?\b{COUNTED})?",
    ),
    address_rule(
        "MY ID",
        rf"{START}no\.?\s?\d{{1,5}}[a-z]?\s?,?\s{MALAY_STREET}\b\.?\s"
        rf"(?P<name>{WORD}(?:\s{WORD}){{0,2}})(?:\s\d{{1,3}}(?:/\d+[a-z]?)?\b{COUNTED})?",
    ),
    address_rule(
        "MY ID",
        rf"{START}no\.?\s?\d{{1,4}}[a-z]?\s?,\s?(?:taman|kampung|kg\.|lorong)\s(?P<name>{WORD}(?:\s{CAPITAL}){{0,3}})",
    ),
    address_rule(
        "ID", r"(?<![a-z])rt\s?[.:]?\s?0{0,2}\d{1,3}\s?[/,.-]?\s?(?:rw\s?[.:]?\s?)0{0,2}\d{1,3}"
    ),
    address_rule("ID", r"(?<![a-z])rt[\s./]?rw[\s.:]?\s?0{0,2}\d{1,3}\s?/\s?0{0,2}\d{1,3}"),
    address_rule(
        "ID PH",
        rf"{START}(?:blok|block|blk)\.?\s?(?:[a-z]{{1,2}}[\s-]?)?\d{{1,3}}[a-z]?\s?[-/,]?\s?(?:no|lot)\b\.?\s?\d{{1,4}}[a-z]?\b(?:,?\s(?:{WORD}\s){{1,3}}(?:subdivision|subd\b\.?|village|homes|st\b\.?|street))?",
    ),
    # Singapore: "Blk 123 Ang Mo Kio Ave 4 #12-345".
    address_rule(
        "SG MY",
        rf"{START}(?:blk|block)\.?\s?\d{{1,4}}[a-z]?,?\s(?P<name>(?:{WORD}\s){{1,5}})"
        r"(?:(?:\d{1,2}\s)?#\s?\d{1,2}-\d{1,5}|(?:ave|avenue|st|street|rd|road|drive|dr|crescent|cres|lane|ring|"
        r"central|link|loop|walk|close)\b\.?(?:\s\d{1,3}\b)?)",
    ),
    address_rule("SG", r"(?<![a-z])singapore,?\s\(?s?\d{6}\)?(?!\d)"),
    # Numbers before names: "12 Baker Street", "Flat 3, 45 High Rd, Leeds".
    address_rule(
        "US GB AU SG HK IN PH AE",
        rf"{START}{UNIT}?\d{{1,5}}[a-z]?(?:[-/]\d{{1,4}})?,?\s(?P<name>(?:(?-i:[NSEW])\.?\s)?(?:(?:{CAPITAL}|\d{{1,3}}(?:st|nd|rd|th))\s){{1,3}}){STRONG}\b\.?",
    ),
    address_rule(
        "US GB AU SG HK IN PH AE",
        rf"{START}{UNIT}?\d{{1,5}}[a-z]?(?:[-/]\d{{1,4}})?,?\s(?P<name>(?:{WORD}\s){{1,2}})"
        rf"(?:street|road|avenue|boulevard)\b(?=\s*(?:$|[,.#\n]|apt|unit|flat|\d{{4,6}}\b))",
    ),
    address_rule(
        "US GB AU SG HK IN PH AE",
        rf"{START}{UNIT}?\d{{1,5}}[a-z]?(?:[-/]\d{{1,4}})?,?\s(?P<name>(?:(?-i:[NSEW])\.?\s)?(?:{CAPITAL}\s){{1,3}}){WEAK}\b\.?"
        r"(?=(?<=Ave),\s(?-i:[A-Z])|(?<=St),\s(?-i:[A-Z])|(?<=Rd),\s(?-i:[A-Z])|\s?,?\s?(?:apt|unit|suite|#|(?-i:[A-Z])[\w.' -]{1,30},?\s?(?:(?-i:[A-Z]{2,3})\b,?\s?)?\d{4,6}\b|(?-i:[A-Z])[\w.' -]{1,30},\s?(?-i:[A-Z])|"
        r"(?-i:[A-Z][A-Za-z' -]{1,30},?\s[A-Z]{1,2}\d)))",
    ),
    # Any name at all, where a state and a code close it: "7070 Warner Ridges, North Kaylee, ND 72372".
    address_rule(
        "US AU GB",
        rf"{START}{UNIT}?\d{{1,5}}[a-z]?(?:/\d{{1,4}})?,?\s(?-i:(?:{CAPITAL}\s?){{1,4}}(?:\s?(?:Suite|Apt\.?|Unit|#)\s?\d{{1,5}})?,\s"
        rf"{CAPITAL}(?:\s{CAPITAL}){{0,2}},\s(?:[A-Z]{{2,3}},?\s\d{{4,5}}(?:-\d{{4}})?\b|[A-Z]{{1,2}}\d[A-Z\d]?\s\d[A-Z]{{2}}\b))",
    ),
    address_rule(
        "GB IN",
        rf"{START}(?:flat|studio)\s\d{{1,3}}[a-z]?,\s(?-i:(?:{CAPITAL}\s?){{1,3}},\s{CAPITAL}(?:\s{CAPITAL}){{0,2}},\s[A-Z]{{1,2}}\d[A-Z\d]?\s\d[A-Z]{{2}}\b)",
    ),
    address_rule("US AU AE PH", rf"{START}p\.?\s?o\.?\s?box\s?:?\s?\d{{1,7}}\b"),
    # Hong Kong and towers elsewhere: "Flat 12B, 5/F, Block 3".
    address_rule(
        "HK AE IN",
        rf"{START}(?:(?:flat|unit|room|rm)\.?\s?[a-z]?\d{{0,4}}[a-z]?\s?,?\s)?(?:\d{{1,2}}|(?-i:[GU]))/F\b,?\s(?P<name>(?:{WORD}[\s,]{{1,2}}|\d{{1,4}}\s|block\s\w{{1,3}},?\s){{1,3}}{WORD})",
    ),
    address_rule(
        "AE HK IN",
        rf"{START}(?:apartment|apt|flat|villa|office|unit|shop|room)\b\.?\s?(?:no\.?\s?)?[a-z]?-?\d{{1,5}}[a-z]?,?\s"
        rf"(?P<name>(?:{WORD},?\s){{1,4}})(?:tower|towers|building|bldg|residences?|apartments?|heights|mansion|court|estate|{STRONG})\b",
    ),
    address_rule(
        "AE",
        rf"{START}(?:villa|apartment|apt|flat|office)\b\.?\s?(?:no\.?\s?)?\d{{1,5}}[a-z]?,?\s(?:street|st\.|cluster|building)\s\w{{1,4}},?\s(?P<name>{CAPITAL}(?:\s{CAPITAL}){{0,3}})",
    ),
    # India: "Flat No 302, …", "H.No. 12-3-45", "12/4, Gandhi Nagar, Pune-411001".
    address_rule(
        "IN",
        rf"{START}(?:(?:flat|house|plot|door|h|d)\b\.?\s?no\b\.?\s?[:#-]?\s?[a-z]?-?\d[\w/-]*)(?:,\s?{WORD}(?:\s{WORD}){{0,3}})?",
    ),
    address_rule(
        "IN",
        rf"{START}\d{{1,4}}[a-z]?(?:/\d{{1,4}}[a-z]?)?,?\s(?P<name>(?:{CAPITAL}\s){{1,3}})(?:nagar|marg|colony|layout|enclave|vihar|chowk|chowki|street|zila|circle|path|ganj)\b",
    ),
    address_rule(
        "PH",
        rf"{START}\d{{1,4}}[a-z]?,?\s(?P<name>(?:{CAPITAL}\s){{1,3}})(?:st\.?|street|ave\.?|ext\.?|subdivision|subd\.?),?\s(?:brgy|barangay|bgy)\b\.?\s{WORD}",
    ),
    # Thailand: "123/45 หมู่ 6 ต.…", "บ้านเลขที่ 9", "88 ถนนสุขใจ".
    address_rule(
        "TH",
        r"(?:บ้านเลขที่|เลขที่บ้าน|เลขที่)\s?\d{1,5}(?:/\d{1,4})?(?:\s?(?:หมู่ที่|หมู่|ม\.)\s?\d{1,2})?",
    ),
    address_rule(
        "TH",
        rf"\d{{1,5}}(?:/\d{{1,4}})?\s?(?:(?:หมู่ที่|หมู่|ม\.)\s?\d{{1,2}}\s?)?(?:(?:ถนน|ถ\.|ซอย|ซ\.)\s?{THAI}{{2,40}}(?:\s?\d{{1,3}})?)",
    ),
    address_rule(
        "TH",
        rf"\d{{1,5}}(?:/\d{{1,4}})?\s?(?:หมู่ที่|หมู่|ม\.)\s?\d{{1,2}}\s?(?:บ้าน|หมู่บ้าน|ตำบล|ต\.)\s?{THAI}{{2,40}}",
    ),
    address_rule(
        "TH",
        rf"(?:(?:ตำบล|ต\.|แขวง)\s?{THAI}{{2,30}}\s*)(?:(?:อำเภอ|อ\.|เขต)\s?{THAI}{{2,30}}\s*)(?:(?:จังหวัด|จ\.)?\s?{THAI}{{2,30}}\s*)?\d{{5}}",
    ),
    # Vietnam: "số 12 đường …", "15/3 ngõ …", "24 Nguyễn …, phường 5".
    address_rule(
        "VN",
        rf"{START}(?:s[ốo]\s?(?:nh[àa]\s?)?)\d{{1,4}}[a-z]?(?:/\d{{1,4}}[a-z]?)*,?\s(?:đường|duong|đ\.|phố|pho|ngõ|ngo|ngách|hẻm|hem|kiệt)\s(?P<name>{WORD}(?:\s{CAPITAL}){{0,3}}|\d{{1,4}})",
    ),
    address_rule(
        "VN",
        rf"{START}\d{{1,4}}[a-z]?(?:/\d{{1,4}}[a-z]?)*,?\s(?:đường|phố|đ\.)\s(?:{CAPITAL}(?:\s{CAPITAL}){{0,6}}|\d{{1,3}},?\s(?:phường|quận|p\.|q\.))",
    ),
    address_rule(
        "VN",
        rf"{START}(?:\d{{1,4}}(?:/\d{{1,4}})*,?\s)?(?:số nhà|ngõ|ngách|hẻm|kiệt)\s\d{{1,4}}[a-z]?(?:/\d{{1,4}})*\b(?:,?\s(?:đường|phố|ngõ)?\s?(?:{CAPITAL}(?:\s{CAPITAL}){{0,3}}))?",
    ),
    address_rule(
        "VN",
        rf"{START}(?:số\s)?\d{{1,4}}[a-z]?(?:/\d{{1,4}}[a-z]?)*,?\s{CAPITAL}(?:\s{CAPITAL}){{1,4}},?\s(?:phường|p\.\s?|p(?=\d)|quận|q\.\s?|q(?=\d)|huyện|tp\.?|thị trấn|xã)\s?[\w]+",
    ),
    # China, Taiwan, Hong Kong: "…路12号3栋502室", "…路四段100巷5弄12號6樓".
    address_rule(
        "CN TW HK",
        rf"(?P<name>{HAN}{{2,24}}?)[一二三四五六七八九十\d]?(?:大道|(?<![知味频頻通难難报報])道|路|街|巷|弄|胡同|里)(?:[一二三四五六七八九十\d]{{1,2}}段)?(?:\d{{1,4}}[巷弄])*\s?\d{{1,5}}(?:[-之]\d{{1,4}})?\s?[号號](?:之\d{{1,3}})?(?![链鏈色款尺码碼店线線])",
    ),
    address_rule(
        "CN",
        rf"{HAN}{{2,12}}?[省市区區县縣镇鎮乡鄉](?P<name>{HAN}{{2,20}}?)(?:小区|小區|花园|花園|苑|公寓|大厦|大廈|广场|村|新城|家园|[路街])\s?[a-zA-Z]?\d{{1,4}}\s?[栋棟幢座号號单單室](?:楼|樓|元)?",
    ),
    address_rule(
        "CN",
        r"\d{1,3}\s?[栋棟幢座](?:楼|樓)?\s?(?:\d{1,2}\s?(?:单元|單元))?\s?\d{1,5}\s?(?:室|号房|房)?",
    ),
    address_rule(
        "CN TW",
        rf"{HAN}{{2,8}}[县縣市](?:{HAN}{{2,8}}[区區镇鎮乡鄉]?)?{HAN}{{2,8}}[路街][a-zA-Z]座",
    ),
    # Japan: "〒100-0001", "…区…1-2-3", "…3丁目4番5号".
    address_rule("JP", r"〒\s?\d{3}-?\d{4}"),
    address_rule(
        "JP",
        r"[\u3040-\u30ff\u4e00-\u9fff]{1,20}[市区郡町村][\u3040-\u30ff\u4e00-\u9fff]{1,16}\d{1,3}(?:丁目|-)\d{1,3}(?:番地?|-)?(?:\d{1,4}号?)?",
    ),
    # Korea: "…구 …로 12", "…시 …동 123-4".
    address_rule(
        "KR",
        r"[\uac00-\ud7a3]{1,10}(?:특별시|광역시|시|도|군|구)\s[\uac00-\ud7a3]{1,12}(?:[구군읍면동]\s)?\s?[\uac00-\ud7a3\d]{1,12}(?:로|길|가|거리)\s?(?:지하)?\d{1,4}(?:-\d{1,4})?(?:번길\s?\d{1,4}(?:-\d{1,4})?)?",
    ),
    address_rule(
        "KR",
        r"[\uac00-\ud7a3]{1,10}(?:시|군|구)\s[\uac00-\ud7a3]{1,10}(?:동|읍|면|리)\s?\d{1,4}(?:-\d{1,4}|번지)",
    ),
    # Germany: "Musterstraße 12a".
    address_rule(
        "DE",
        rf"{EDGE}[^\W\d_][\wäöüß-]{{2,24}}(?:straße|strasse|(?<!-)str\.|gasse)\s?\d{{1,4}}(?:[-/]\d{{1,4}})?(?:\s?[a-z]\b)?{COUNTED}",
    ),
    address_rule(
        "DE",
        EDGE
        + r"(?-i:[A-ZÄÖÜ])[\wäöüß-]{2,40}(?:weg|platz|allee|ring|damm|ufer|markt)\s\d{1,4}(?:[-/]\d{1,4})?\s?[a-z]?,?\s(?-i:\d{5}\s[A-ZÄÖÜ])[\wäöüß-]+",
    ),
    # France: "12 bis rue de la Paix".
    address_rule(
        "FR",
        rf"{START}\d{{1,4}}(?:\s?(?:bis|ter))?,?\srue\s(?:{OF}\s?){{0,2}}{WORD}(?:\s{CAPITAL}){{0,3}}",
    ),
    address_rule(
        "FR",
        rf"{START}\d{{1,4}}(?:\s?(?:bis|ter))?,?\s{RUE}\s(?:{OF}\s?){{0,2}}{CAPITAL}(?:\s(?:{OF}\s)?{CAPITAL}){{0,3}}",
    ),
    address_rule(
        "FR",
        rf"{EDGE}(?:rue|boulevard|chemin|impasse|avenue)\s(?:{OF}\s?){{0,2}}{CAPITAL}(?:\s{CAPITAL}){{0,3}}(?:\s\d{{1,4}})?,\s\d{{5}}\s{CAPITAL}",
    ),
    *SPANISH_RULES,
    # Brazil: "Rua das Flores, 123", "CEP 01310-100".
    address_rule(
        "BR",
        rf"{EDGE}{RUA}\s(?P<name>(?:{OF}\s){{0,2}}{CAPITAL}(?:\s(?:{OF}\s)?{CAPITAL}){{0,4}}),?\s(?:n[º°o]?\.?\s?)?{NUMBER}",
    ),
    address_rule(
        "BR",
        rf"{EDGE}(?:rua|travessa|alameda)\s(?P<name>(?:{WORD}\s){{0,3}}{WORD}),\s?(?:n[º°o]?\.?\s?)?{NUMBER}",
    ),
    address_rule(
        "BR",
        rf"{EDGE}(?-i:{CAPITAL}(?:\s(?:d[aeo]s?\s)?{CAPITAL}){{1,4}}),\s\d{{1,5}}(?:,\s{WORD}(?:\s{WORD}){{0,3}})?,\s\d{{5}}-?\d{{3}}(?!\d)",
    ),
    address_rule("BR", EDGE + r"cep\s?:?\s?\d{5}-?\d{3}(?!\d)"),
)
