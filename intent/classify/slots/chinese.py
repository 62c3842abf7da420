"""Prices, quantities and variants in Chinese, simplified and traditional."""

from __future__ import annotations

import re
from collections.abc import Iterator

from intent.classify.slots.patterns import any_of, matches

_SCRIPT = re.compile("[\u3400-\u9fff]")
_APART = "(?<![\u3400-\u9fff])"
_ONES = "一二两兩三四五六七八九"
_NUMBER = r"\d{1,9}(?:[.,]\d{1,9}){0,4}"
_MEASURES = "件个個盒瓶套双雙袋条條份支台只隻包箱张張本口饼餅罐颗顆粒组組对對册冊斤克节節桌把片盆棵杯碗串枚位间間辆輛单單棒提筒根朵卷束头頭批瓣棟栋尊尾扎"

# Prices. In characters it is money with a power of ten from a hundred on (三百, 一万二, 三百多), or with a
# currency behind it (二十块, 五毛钱).
_MONEY = r"(?:元|块钱?(?!包)|塊錢?|蚊|令吉|刀(?!片)|圆|圓)"
_PER = rf"(?:[/每]?一(?:公斤|平方?|[{_MEASURES}])|/[^\W\d_]{{1,2}})"
_HUNDREDS = rf"[{_ONES}][百千万萬][万萬]?(?:零?[{_ONES}][百千]){{0,2}}(?:零?[{_ONES}]十?(?![{_MEASURES}十百千]))?"
_IN_WORDS = rf"(?:{_HUNDREDS}|[{_ONES}]?十[{_ONES}]?[万萬千])[来多几幾]?"
_NO_MONEY = (
    rf"(?![{_MEASURES}年月日天号號點点分人名家级級度秒字粉米公里盏步盘位次回遍倍页頁毫吨岁歲])"
)
_NO_PRICE = (
    rf"(?![\d.a-zA-Z%]|"
    rf"\s?[{_MEASURES}平期次人年月日天号號公码碼毫米圈升度分款房座多块塊色黑白灰红紅蓝綠绿大小新行成站集路弄版])"
)
_NO_CLAIM = r"(?!还有|還有|有[没沒吗嗎]|[没沒现現跟和各恐的到代呢就要])"
_BARGAIN = (
    r"拿[下走]|包圆|包圓|[带帶]走|能出|成交|包邮|包郵|包送|含運|含运|[行可]不[行可]|可以[吗嗎再]|"
    r"就[卖賣买買有]|我[买買就]|那个[新团團体體]"
    r"|的(?:团购|團購|体验|體驗|直接|怎[么麼]买)|新客|能拿|吃到[饱飽]|打包|已[交付]|两个人|兩個人"
)
_PRICE = any_of(
    rf"(?<![\d.]){_NUMBER}\s?(?:[万萬千]|[wW](?![a-zA-Z])){_NO_MONEY}{_MONEY}?{_PER}?",  # 2.5万, 5w
    rf"(?<![\d.]){_NUMBER}\s?{_MONEY}(?![板儿头]){_PER}?",  # 20块, 20 刀
    rf"(?<![a-zA-Z\d.]){_NUMBER}{_PER}",  # 35一斤
    rf"(?<![几幾满滿双雙第月近保过過]){_IN_WORDS}(?:{_MONEY}{_PER}?|{_PER}|"
    rf"{_NO_MONEY})",  # 三百, 三百一饼
    rf"[{_ONES}]?十?[{_ONES}十廿卅](?:毛钱?|块钱(?!包)|塊錢|蚊|"
    rf"{_MONEY}(?![表板]))(?!一?[盆大修])",  # 五毛钱, 二十块
    rf"(?<=[要才报報减減收加贵貴])[{_ONES}]?十[{_ONES}]?(?![\u3400-\u9fff])",  # 才六十
)
_BARE_PRICE = any_of(
    rf"(?:^|(?<=[\s，。！？,!?]))(?!666|520|888|[5-9]{{4,}})(?:\d{{3,5}}|"
    rf"\d{{1,4}}\.\d{{1,2}}){_NO_PRICE}(?=[\u3400-\u9fff？?!！\s]){_NO_CLAIM}",
    rf"(?<=[才要到说說报報价價卖賣充付减減压壓加值预預款花喊这這成])\d{{2,5}}(?:\.\d{{1,2}})?{_NO_PRICE}",  # 说230我就签
    r"首[单單评評]\s?(\d{2,5})",
    rf"(?<![\d.a-zA-Z])\d{{2,5}}(?:\.\d{{1,2}})?(?={_BARGAIN})",  # 88拿走
)

# Quantities.
_COUNT = (
    rf"(?:\d{{1,4}}\s?|半|[{_ONES}]?[十百千](?:[{_ONES}]?十?[{_ONES}]?)?[多来]?|"
    r"[二两兩三四五六七八九])"
)
_PEOPLE = r"[个個]?(?:人份?(?![民气群间間均])|大人|小孩|孩子)|号人|位(?!置)"
_THINGS = "账号|帳號|机位|工位|家分店|间房|間房|公斤|节课|節課"
_QUANTITY = any_of(
    rf"(?<![\d.第每这這那哪前上下同{_ONES}十百几幾])[各+]?{_COUNT}(?:{_PEOPLE}|"
    rf"[个個]?(?:{_THINGS})|[{_MEASURES}](?![月周多两半头钱星样字颜小裹子味圆])[包板]?)",
    rf"(?<=[要来來拿买買拍订訂带帶扣整弄留寄收提定])一[{_MEASURES}](?![阿月周礼禮])",  # 来一罐, but not 一个月
    rf"{_APART}一[{_MEASURES}]$",
    r"(?<=[拍拿来來要下定买買带])[俩倆仨]",
    r"[死坏壞]([俩倆仨])",
    r"\d{1,2}\s?大\s?\d{1,2}\s?小",
    r"\+\d{1,2}(?![\d号a-zA-Z])",
    rf"各[{_ONES}\d][{_MEASURES}]?",
    r"[一半]斤(?!.{0,2}[几多])",
    rf"[{_ONES}]两(?=多?钱|的|$)",
)

# Variants. A colour of one sign is in many words: it counts with its shade, with 色 or 的, or beside
# a size.
_HUES = "黑白红紅蓝藍绿綠粉紫黄黃灰棕金银銀青橙杏咖驼駝"
_TINTS = "深浅淺奶米雾霧哑啞酒军軍墨藏宝寶湖卡樱櫻鵝鹅裸玫豆藕香烟煙冰暗荧莹枣棗橄湛莫"
_NAMED_HUES = (
    "焦糖|奶茶|卡其|燕麦|沙漠|象牙|薄荷|抹茶|豆沙|香槟|香檳|玫瑰|咖啡|樱花|猫眼|雾霾|"
    "天空|牛油果|莫兰迪|橄榄|薰衣草"
)
_STANDS = r"(?=[\s\d?？!！，,a-zA-Z]|$|还|還|有|要|来|來|我|给|給|的|款|能|可|三|两|一)"
_VARIANT = any_of(
    rf"(?:{_NAMED_HUES}|[{_TINTS}])[{_HUES}牙]色?",  # 深蓝
    rf"[{_TINTS}{_HUES}][{_HUES}]?色款?(?!不)",  # 黑色
    rf"(?:{_NAMED_HUES})色",
    rf"{_APART}(?:焦糖|奶茶|卡其|燕麦|薄荷|抹茶|原味|麻辣的?|微辣|清淡){_STANDS}",
    rf"{_APART}[{_HUES}][的款]{_STANDS}",  # 黑的
    rf"{_APART}[{_HUES}](?=[\s\d?？sSmMlLxX]|$)",  # 黑36
    rf"(?<=[a-zA-Z\d])[{_HUES}](?![\u3400-\u9fff])",  # 36黑
    rf"[{_HUES}][盘盤壳殼钛鈦](?:的(?!有))?",
    rf"[拿要订訂]([{_HUES}]的?)(?=[\s，,]|$)",
    r"(?:^|(?<=[\s，,的]))[\u3400-\u9fff]{1,3}口?味(?=的|[\s?？]|$|还|還|有|出)",
    r"(?:尺码|码数|圈口)\s?\d{1,3}(?:\.5)?",
    r"(?<![\d.a-zA-Z])\d{2}(?:\.5)?[码碼]",
    r"(?:^|(?<=[\s，,拍要]))\d{1,3}[号號](?=我要|要|跟|和|的|链接|鏈接|还|還|机|"
    r"款|色)",  # 3号我要, but not 12号早上
    r"(?<![\d.])\d{1,4}(?:\.\d)?\s?(?:克|寸(?!笔)|毫升|升(?!级)|米|圈口|公分|座|[gG](?![a-zA-Z])|"
    r"ml|ML|平(?=[\s的，,]))",
    r"[特加]?[大中小][号號](?!码)",
    r"[大中]一?[码號号]的?",
    r"散装|小样装|盒装",
    r"(?<![a-zA-Z])[sSmMlLxX]{1,3}[码碼号號][黑白]?的?",  # M码
    r"(?:^|(?<=[\s，,穿换]))\d{2,3}(?:\.5)?(?=的(?![团直])|真|还有|還有|有[没沒货貨]|[跟和]|"
    r"我[要接收]|能[留补])",  # 38还有吗
    r"(?<=[穿换拍成])\d{2,3}(?=[的码行了，,\s]|$)",
)
_PATTERNS = (
    ("price", _PRICE),
    ("quantity", _QUANTITY),
    ("variant", _VARIANT),
    ("price", _BARE_PRICE),
)


def find_chinese(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield prices, quantities and variants; of those that overlap the first is meant."""
    if _SCRIPT.search(text):
        yield from matches(text, _PATTERNS)
