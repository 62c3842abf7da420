"""All formats of files, and which of them a file has: told by its structure, never by its name."""

from __future__ import annotations

from intent.model.errors import WrongUse
from intent.sources.files.chat_downloader import CHAT_DOWNLOADER
from intent.sources.files.file_format import FileFormat
from intent.sources.files.head import Head
from intent.sources.files.pytchat import PYTCHAT
from intent.sources.files.sheet_table import TABLE
from intent.sources.files.tiktok_csv import TIKTOK_CSV
from intent.sources.files.told import Told
from intent.sources.files.twitch_downloader import TWITCH_DOWNLOADER
from intent.sources.files.whatsapp_export import WHATSAPP
from intent.sources.files.wire_shape import WIRE
from intent.sources.files.yt_dlp import YT_DLP

FORMATS = (
    WIRE,
    TWITCH_DOWNLOADER,
    YT_DLP,
    CHAT_DOWNLOADER,
    PYTCHAT,
    WHATSAPP,
    TIKTOK_CSV,
    TABLE,
)
AUTO = "auto"
NAMES = (AUTO, *(one.name for one in FORMATS))


def recognised(head: Head, told: Told, name: str = AUTO) -> FileFormat:
    """Return the format of a file.

    Args:
        head: its first bytes.
        told: with names of columns any sheet is a table.
        name: what was asked for.

    Raises:
        WrongUse: several formats fit, or none, or columns were named of what has none; the text
            says what to say.
    """
    if told.columns and head.text and head.sheet is None:
        raise WrongUse("--map names the columns of a sheet, and this is none; leave it out")
    if name != AUTO:
        return _named(name)
    if not head.text:
        return WIRE  # nothing stands in it, and that is no fault
    fitting = fits(head, told)
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = " or ".join(one.name for one in fitting)
        raise WrongUse(f"it can be read in several ways; say which: --format {names}")
    if head.sheet is not None and len(head.sheet.rows) > 0:
        raise WrongUse(
            "its columns are not known; say which hold what: --map text=… --map user_id=… --map "
            "sent_at=… --const platform=… --room …; the columns are: "
            + ", ".join(name for name in head.sheet.header if name)
        )
    raise WrongUse(
        "what stands in it is of no known format; say which it is, if you know better: --format "
        + ", ".join(one.name for one in FORMATS)
    )


def fits(head: Head, told: Told) -> list[FileFormat]:
    """Return the formats that a file can have."""
    if told.columns and head.sheet is not None:
        return [TIKTOK_CSV if TIKTOK_CSV.fits(head) else TABLE]
    return [one for one in FORMATS if one.fits(head)]


def _named(name: str) -> FileFormat:
    for one in FORMATS:
        if one.name == name:
            return one
    raise WrongUse(f"there is no format {name!r}; there are: {', '.join(NAMES)}")
