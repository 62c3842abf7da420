"""Tells which messages are asked about alone: those that talk to a machine rather than to the host,
and very long ones.
"""

from __future__ import annotations

import re
import unicodedata

from intent.classify.folding import INVISIBLE

LONG = 600
"""Characters from which on a message is asked about alone."""

_TALKS_TO_A_MACHINE = re.compile(
    r"""
    <\|?/?\s*(?:im_|system|user|assistant|start|end|s>|s\b|inst)        # control tokens of chat models
    | \[/?(?:inst|system|assistant|sys)\b | <<\s*/?sys
    | ^\W*(?:\#+\s*)?(?:system|assistant|user|developer|instruction|human|ai|系统|系統|助手|用户|sistema|asistente|ระบบ
        |hệ\s?thống)\s*(?:prompt|message)?\s*[:：>\]]
    | \n\W*(?:system|assistant|user|developer)\s*[:：]
    | \{\{ | \{% | \}\}  | ["'“”]\s*[:：]\s*["'\[{“] | \}\s*[\],]\s*[\[{,"]| ```                # templates, JSON, code fences
    | \b(?:purchase_intent|price_inquiry|availability_inquiry|product_inquiry|shipping_inquiry|appointment_booking|contact_request|quote_request
        |store_location|customer_support)\b                             # names of our labels, which viewers have no reason to know
    | \b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instruction|rule|prompt|previous|above|prior|everything|guideline|polic)
    | \b(?:label|classify|mark|tag|rate|categori[sz]e)\b.{0,30}\b(?:as|this|all|every|next|previous|other|following|messages?|comments?|users?)\b
    | \b(?:(?:system|your|full|whole|the)\ prompts?|jailbreak|json\ (?:schema|output|only)|no\ json|classifier|language\ model|system\ message
        |output\ format|as\ an\ ai)\b | prompt\ (?:sistem|hệ\ thống|ระบบ) | \bjangan\ json
    | \b(?:abaikan|lupakan|ignora|olvida|omite|bỏ\ qua|quên|không\ tuân)\b.{0,40}
        (?:instruksi|arahan|perintah|aturan|instruc|regla|anterior|hướng\ dẫn|quy\ tắc|lệnh|chỉ\ dẫn)
    | \b(?:tandai|labelkan|klasifikasikan|etiqueta|clasifica|marca\ (?:como|tod|los|las|este|el\ sig|al\ )|gắn\ nhãn|phân\ loại|đánh\ dấu)\b
    | (?:忽略|无视|無視|忘记|忘記|不要理).{0,12}(?:指令|规则|規則|提示|以上|之前|前面)
    | (?:标记|標記|标注|標註|分类|分類|归类|歸類)(?:为|為|成|所有|全部|这|這|下)
    | \b(?:dear|to|for|untuk|kepada|para|a\ la|gửi|cho)\s+(?:the\ |la\ )?(?:ai|ia)\b | ถึง\s?ai | (?:给|致|請|请)\s?ai
    | \b(?:other|previous|next|remaining)\s+(?:messages?|comments?|ids)\b | \blabels?\s+(?:is|means?|of|for)\b
    | <\s*/?[a-z_]{3,}(?:\s[^<>]{0,200})?> | [\x00-\x08\x0b\x0c\x0e-\x1f\u202a-\u202e\u2066-\u2069]   # markup, control characters
    | 提示词|提示詞|系统消息|系統訊息
    | (?:ละเว้น|เพิกเฉย|ลืม|ไม่ต้องสนใจ).{0,20}(?:คำสั่ง|กฎ|ก่อนหน้า|ข้างต้น) | (?:จัดประเภท|ติดป้าย|ทำเครื่องหมาย|จัดหมวด)
    """,
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)
_MANY_INVISIBLE = 4
_MANY_MARKS = 12


def stands_alone(text: str) -> bool:
    """Say whether a message is asked about in a request of its own, so that it cannot even try to
    speak for its neighbours.
    """
    if len(text) > LONG:
        return True
    if (
        len(INVISIBLE.findall(text)) >= _MANY_INVISIBLE
        or sum(unicodedata.category(sign) == "Mn" for sign in text) > _MANY_MARKS + len(text) // 2
    ):
        return True
    plain = unicodedata.normalize("NFKC", INVISIBLE.sub("", text))
    return _TALKS_TO_A_MACHINE.search(plain) is not None
