"""Reads and writes the messages of YouTube's ``streamList`` by their field numbers.

The numbers are those of Google's public ``stream_list.proto`` (package ``youtube.api.v3``, proto2),
for the fields that are used here. protobuf is told of them at run time: generated code would be a
second copy of this table, and is refused by every protobuf that is older than its generator. Fields
bear their names in the REST API, so that both ways lead to the same reader; text is declared as
bytes, for which the wire is the same, so that one comment that is no UTF-8 does not cost the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

from intent.model.errors import Malformed

METHOD = "/youtube.api.v3.V3DataLiveChatMessageService/StreamList"

_Field = descriptor_pb2.FieldDescriptorProto
_TEXT, _NUMBER, _FLAG = _Field.TYPE_BYTES, _Field.TYPE_INT32, _Field.TYPE_BOOL

FIELDS: dict[str, dict[str, tuple[int, int | str]]] = {
    "Request": {"liveChatId": (1, _TEXT), "pageToken": (99, _TEXT), "part": (100, _TEXT)},
    "Response": {
        "offlineAt": (2, _TEXT),
        "items": (1007, "Item"),
        "nextPageToken": (100602, _TEXT),
    },
    "Item": {"id": (101, _TEXT), "snippet": (2, "Snippet"), "authorDetails": (3, "Author")},
    "Snippet": {
        "type": (1, _NUMBER),
        "publishedAt": (4, _TEXT),
        "displayMessage": (16, _TEXT),
        "authorChannelId": (301, _TEXT),
        "textMessageDetails": (19, "Text"),
        "messageDeletedDetails": (20, "Deleted"),
        "messageRetractedDetails": (21, "Retracted"),
        "userBannedDetails": (22, "Banned"),
        "superChatDetails": (27, "SuperChat"),
        "memberMilestoneChatDetails": (30, "Milestone"),
    },
    "Author": {
        "channelId": (10101, _TEXT),
        "isChatOwner": (5, _FLAG),
        "isChatModerator": (7, _FLAG),
    },
    "Text": {"messageText": (1, _TEXT)},
    "Deleted": {"deletedMessageId": (101, _TEXT)},
    "Retracted": {"retractedMessageId": (201, _TEXT)},
    "Banned": {"bannedUserDetails": (1, "Channel")},
    "Channel": {"channelId": (101, _TEXT)},
    "SuperChat": {"userComment": (4, _TEXT)},
    "Milestone": {"userComment": (3, _TEXT)},
}
"""Messages by names of our own: each field with its number, and its type or its message."""

_REPEATED = {"items", "part"}


def written_request(chat: str, page: str | None, parts: Sequence[str]) -> bytes:
    """Return the request for a chat's messages after a page token, or for its recent ones."""
    request = _message("Request")
    request.liveChatId = chat.encode()
    if page is not None:
        request.pageToken = page.encode()
    request.part.extend(part.encode() for part in parts)
    payload: bytes = request.SerializeToString()
    return payload


def read_response(payload: bytes) -> dict[str, object]:
    """Return a response in the shape that the REST API gives it; what is not known is left out, and
    the type of an item is its number.

    Raises:
        Malformed: it is no such message.
    """
    response = _message("Response")
    try:
        response.ParseFromString(payload)
    except message.DecodeError:
        raise Malformed("is no response of streamList") from None
    return _plain(response)


def _plain(held: Any) -> dict[str, object]:
    return {field.name: _value(value) for field, value in held.ListFields()}


def _value(value: Any) -> object:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, bool | int):
        return value
    return _plain(value) if isinstance(value, message.Message) else [_value(one) for one in value]


def _message(name: str) -> Any:
    return _classes()[name]()


@cache
def _classes() -> dict[str, type[Any]]:
    file = descriptor_pb2.FileDescriptorProto(name="stream_list", package="live", syntax="proto2")
    for name, fields in FIELDS.items():
        described = file.message_type.add(name=name)
        for key, (number, kind) in fields.items():
            label = _Field.LABEL_REPEATED if key in _REPEATED else _Field.LABEL_OPTIONAL
            field = described.field.add(name=key, number=number, label=label)
            if isinstance(kind, str):
                field.type, field.type_name = _Field.TYPE_MESSAGE, f".live.{kind}"
            else:
                field.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"live.{name}"))
        for name in FIELDS
    }
