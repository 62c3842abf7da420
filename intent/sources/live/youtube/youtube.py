"""What YouTube's live chat needs, keeps and cannot promise."""

from __future__ import annotations

from intent.sources.declaration import Declaration, Option, Secret

DECLARATION = Declaration(
    scheme="youtube",
    title="YouTube live chat",
    example="youtube:aB3xY7kLm90",
    needs=(
        "The id or the address of a video that is live; its chat is open to all, or the account "
        "behind the token may read it",
        "A project in Google Cloud with YouTube Data API v3 enabled, and a key of it",
        "The extra package grpcio, for comments as they are said: "
        "`pip install 'lead-intent[youtube]'`; without it the chat is polled",
    ),
    secrets=(
        Secret(
            "YOUTUBE_API_KEY",
            "a key of the project, from Credentials in Google Cloud's console; enough for chats "
            "that are open to all",
            optional=True,
        ),
        Secret(
            "YOUTUBE_ACCESS_TOKEN",
            "instead of the key, an OAuth token of an account; it lasts an hour",
            optional=True,
        ),
        Secret(
            "YOUTUBE_REFRESH_TOKEN",
            "with YOUTUBE_CLIENT_ID and YOUTUBE_CLIENT_SECRET, instead of both: tokens are then "
            "fetched as they are needed",
            optional=True,
        ),
    ),
    options=(
        Option("quota", "units that may be spent a day, by all YouTube sources together", 10_000),
        Option("stream", "take comments as they are said; false polls", True),
        Option("poll", "seconds between two polls at least; YouTube may ask for more", 0.0),
        Option("url", "address of the REST API", "https://youtube.googleapis.com/youtube/v3"),
        Option("stream_url", "address of the stream", "https://youtube.googleapis.com:443"),
        Option("token_url", "where tokens are fetched", "https://oauth2.googleapis.com/token"),
    ),
    keeps=(
        "Comments, the words of Super Chats and of milestones, deletions and bans, with YouTube's "
        "own ids and times",
        "After a lost connection or a kill, reading goes on behind the last page that was stored; "
        "what YouTube sends twice is stored once",
        "Where YouTube does not know that place any more, its recent messages are read; if they do "
        "not reach back, a gap is recorded",
        "Units are counted before they are spent and remembered over restarts; when they are "
        "spent, a gap is recorded until reading goes on after midnight in California",
        "A stream that is refused or not there is polled instead, and that is said once",
    ),
    cannot=(
        "What was said before the recent messages that YouTube still sends, and the chat of a "
        "stream that has ended",
        "What calls truly cost: 5 units a stream or poll and 1 a look-up are counted, as YouTube's "
        "pages say; nobody has held them against a bill. Polled every 5 seconds, 10,000 units last "
        "2.8 hours",
        "How long a place stays known is nowhere said",
        "A connection that dies in silence is noticed after at most 320 seconds; what was said "
        "meanwhile is read then",
        "Amounts of Super Chats, stickers, polls, gifts and memberships are not kept",
    ),
    start="""
pip install 'lead-intent[youtube]'
export YOUTUBE_API_KEY=AIza...
intent listen youtube:https://www.youtube.com/watch?v=aB3xY7kLm90
""",
    waits=True,
)
