"""A video is named by its id or by any of its addresses."""

from __future__ import annotations

import pytest

from intent.model.errors import WrongUse
from intent.sources.live.youtube.video import video_id

ID = "aB3xY7kLm90"


@pytest.mark.parametrize(
    "written",
    [
        ID,
        f" {ID}\n",
        f"https://www.youtube.com/watch?v={ID}",
        f"https://www.youtube.com/watch?t=30s&v={ID}&list=x#now",
        f"http://m.youtube.com/watch?v={ID}",
        f"youtube.com/live/{ID}?feature=share",
        f"https://youtu.be/{ID}?si=abc",
        f"https://www.youtube.com/shorts/{ID}",
        f"https://www.youtube.com/embed/{ID}",
        f"https://www.youtube.com/live_chat?is_popout=1&v={ID}",
        f"https://studio.youtube.com/video/{ID}/livestreaming",
    ],
)
def test_the_id_is_found(written: str) -> None:
    assert video_id(written) == ID


@pytest.mark.parametrize(
    "written",
    [
        "",
        "@shop",
        "aB3xY7kLm9",
        f"{ID}0",
        "https://www.youtube.com/@shop/live",
        "https://www.youtube.com/watch?v=short",
        f"https://example.com/watch?v={ID}",
        f"https://notyoutube.com/watch?v={ID}",
        "https://[broken/watch",
        "https://youtu.be/",
    ],
)
def test_what_names_no_video_is_refused_with_what_is_right(written: str) -> None:
    with pytest.raises(WrongUse, match="names no video; write its id of 11 letters"):
        video_id(written)
