"""Shows what a file was taken for before it is read, and counts what would be read of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from intent.cli.screen import json_line, one_line, say

if TYPE_CHECKING:
    from intent.sources.files.file_source import FilePreview, FileSource

_WIDTH = 120


def show_preview(preview: FilePreview) -> None:
    """Tell people what a file is, where its values are taken from, and its first messages."""
    say(f"read as: {preview.title} (--format {preview.format})")
    for key, place in preview.mapping.items():
        say(f"  {key:<12} ← {one_line(place, _WIDTH)}")
    for note in preview.notes:
        say(f"note: {one_line(note, 300)}")
    for message in preview.messages:
        who = f"{message.user_id} ({message.author_role}) in {message.room_id}"
        said = f"{message.sent_at:%Y-%m-%dT%H:%M:%SZ} {one_line(who, 60)}: {message.text}"
        say(f"  {one_line(said, _WIDTH)}")


def count_only(source: FileSource, *, as_json: bool) -> None:
    """Read a file without storing anything, and tell what is in it, by kind."""
    refusals: Counter[str] = Counter()
    messages = retractions = 0
    for batch in source.read():
        messages += len(batch.messages)
        retractions += len(batch.retractions)
        refusals.update(refused.reason for refused in batch.refused)
    skipped = source.skipped
    if as_json:
        counts = {"messages": messages, "retractions": retractions, "refused": dict(refusals)}
        json_line({"format": source.format_name, **counts, "skipped": dict(skipped)})
        return
    say(
        f"would be read: {messages:,} messages, {retractions:,} retractions, "
        f"{refusals.total():,} refused, {skipped.total():,} passed over"
    )
    for word, counted in (("refused", refusals), ("passed over", skipped)):
        for what, count in counted.most_common():
            say(f"  {word}: {count:,} × {one_line(what, _WIDTH)}")
