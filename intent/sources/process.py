"""Runs any program that writes messages in the wire shape, one JSON object a line, and reads what
it writes (``exec:``).
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event

from pydantic import BaseModel, ConfigDict, ValidationError

from intent.model.batch import Batch, Gap, Position, Refused, Retraction
from intent.model.errors import SourceLost, WrongUse
from intent.model.message import Message, Time
from intent.sources.child import Child
from intent.sources.declaration import Declaration, Option
from intent.sources.decoding import in_utf8
from intent.sources.door import MAX_PAYLOAD_BYTES, Door
from intent.sources.gather import gathered
from intent.sources.lines import CHUNK_BYTES, split_lines
from intent.sources.program_lines import Stated, read_line

HEARTBEAT = 5.0
"""Seconds after which a silent program's position is stored again: until then all was seen."""

MOST_ROOMS = 50
"""Rooms of which a gap is told when a program comes back."""

LONGEST_GRACE = 5.0
"""Leaving as a whole must be shorter than what a container gives."""

MARGIN = timedelta(seconds=1)
"""What a program has heard so shortly before it was last read it may not have written yet."""

BLIND = "the program did not run"

DECLARATION = Declaration(
    scheme="exec",
    title="Any program",
    example="exec:./room --shop 17",
    needs=(
        "a program that writes messages in the wire shape to its output, one JSON object a line, "
        "each as soon as it has it",
    ),
    options=(
        Option("replays", "it writes again what came while it did not run: no gap is told", False),
        Option("grace", "seconds from SIGTERM to SIGKILL, at most 5", 3.0),
        Option("room_ids", "its message ids are unique in a room only", False),
    ),
    keeps=(
        "What it writes is put within 200 ms, and stored before more is read from it",
        'A line `{"position": "…"}` is stored with all lines before it, and comes back as the '
        "variable `INTENT_POSITION` when the program is started again, after any kill; a program "
        "that states positions begins with one",
        'Lines `{"gap": {…}}` and `{"retraction": {…}}` record blind stretches and deletions',
        "A line that is no message is kept as a dead letter with its reason, and the rest goes on",
        "Exit code 0 is the end of the stream; after any other the program is started again, after "
        "pauses that grow and are drawn by lot",
        "It is ended with all that it has started: SIGTERM, the grace time, SIGKILL. Its standard "
        "error is logged, in lines of at most 500 characters",
    ),
    cannot=(
        "Without positions of its own, what was said while the program did not run is lost: a gap "
        "is recorded for each room that it had written of, from when it was last read until it "
        "writes again (`replays: true` says that it repeats all of that)",
        "When this process is killed (SIGKILL), the program goes on until it writes: one that "
        "seldom writes should leave when its standard input ends",
    ),
    start="""
cat > room.py <<'END'
import datetime, itertools, json, time
for number in itertools.count():  # ask your platform here
    print(json.dumps({"platform": "shop", "room_id": "live-7", "message_id": str(number),
                      "user_id": "ana", "kind": "comment", "text": "how much is it?",
                      "sent_at": datetime.datetime.now(datetime.UTC).isoformat()}), flush=True)
    time.sleep(1)
END
intent listen --dry-run 'exec:python3 room.py'   # what would be put; without --dry-run it is
""",
)


def split_command(target: str) -> list[str]:
    """Return the words of a command, as a shell would split them.

    Raises:
        WrongUse: a quote is not closed.
    """
    try:
        return shlex.split(target)
    except ValueError as error:
        raise WrongUse(f"exec:{target} is no command: {error}") from error


class _Token(BaseModel):
    """Where a program stands: all was seen until an instant, in these rooms; its own words."""

    model_config = ConfigDict(frozen=True)

    seen: Time
    rooms: tuple[tuple[str, str], ...] = ()
    stated: str | None = None


class ProgramSource:
    """Reads the output of a program until it ends."""

    def __init__(
        self,
        command: Sequence[str],
        name: str,
        *,
        stop: Event,
        environment: Mapping[str, str],
        position: Position | None = None,
        replays: bool = False,
        grace: float = 3.0,
        door: Door | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare to run it.

        Args:
            command: its words; no shell reads them.
            name: under which its position is kept, and what to call it in dead letters.
            stop: set to leave.
            environment: its variables; those of this service are left out.
            position: where it stood.
            replays: it writes again what came while it did not run.
            grace: seconds between SIGTERM and SIGKILL.
            door: the rules that lines must keep; without it those of every source.
            now: the time of day, aware.
            clock: monotonic time in seconds.

        Raises:
            WrongUse: the grace time is longer than leaving may take.
        """
        if not 0 <= grace <= LONGEST_GRACE:
            raise WrongUse(f"exec: grace must be 0 to {LONGEST_GRACE:.0f} seconds")
        self._command, self._name, self._stop, self._grace = command, name, stop, grace
        self._door, self._now, self._clock = door or Door(), now, clock
        self._environment, token = environment, _read_token(position)
        self._stated = token.stated if token else None
        self._rooms = dict.fromkeys(token.rooms if token else ())
        self._replays = replays
        gapless = token is None or replays or self._stated is not None
        self._blind_since = None if gapless or token is None else token.seen
        self._came, self._due, self._seen = False, 0.0, now()

    def read(self) -> Iterator[Batch]:
        """Yield what the program writes.

        Raises:
            SourceLost: it ended with an error, or closed its output and went on.
            OperatorError: there is no such program.
        """
        variables = _variables(self._environment, self._stated)
        child = Child(self._command, self._name, variables, grace=self._grace, clock=self._clock)
        self._due = self._clock() + HEARTBEAT
        try:
            if self._blind_since is not None:
                yield Batch(gaps=self._gaps(self._blind_since, None))
            for batch in gathered(self._read(child)):
                yield self._standing(batch)
            yield Batch(position=self._position())
            for _ in child.may_end():
                yield Batch()
            ended = child.has_ended
        finally:
            code = child.end()
        if not ended and not self._stop.is_set():
            raise SourceLost("the program closed its output and went on; it was ended")
        if code and not self._stop.is_set():
            how = f"exit code {code}" if code > 0 else f"signal {-code}"
            raise SourceLost(f"the program ended with {how}")

    def _read(self, child: Child) -> Iterator[Message | Refused | Retraction | Gap | None]:
        output = in_utf8(self._watched(child.output(self._stop)))
        for line in split_lines(output, MAX_PAYLOAD_BYTES + 1):
            if line is None:
                yield None
            elif line.payload.strip():
                self._came = True
                read = read_line(line, self._door, f"{self._name} line {line.number}")
                if isinstance(read, Stated):
                    self._stated = read.token
                    continue
                if isinstance(read, Message):
                    self._meet((read.platform, read.room_id))
                yield read

    def _watched(self, chunks: Iterator[bytes | None]) -> Iterator[bytes | None]:
        """Note until when all that was written was read: not until now, for the program writes on
        while we store, but until just before a read that left nothing behind.
        """
        before, last = self._now(), None
        for chunk in chunks:
            is_read = chunk is not None or last is None
            if is_read and len(chunk or b"") < CHUNK_BYTES:
                self._seen = before
            yield chunk
            before, last = self._now(), chunk

    def _meet(self, room: tuple[str, str]) -> None:
        self._rooms.pop(room, None)
        self._rooms[room] = None
        if len(self._rooms) > MOST_ROOMS:
            del self._rooms[next(iter(self._rooms))]

    def _standing(self, batch: Batch) -> Batch:
        """Return a batch with the position after it, where there is a new one."""
        if not self._came and self._clock() < self._due:
            return batch
        if self._came and self._blind_since is not None:
            gaps = self._gaps(self._blind_since, self._now())
            batch = replace(batch, gaps=[*gaps, *batch.gaps])
            self._blind_since = None
        self._came, self._due = False, self._clock() + HEARTBEAT
        return replace(batch, position=self._position())

    def _position(self) -> Position:
        seen = self._blind_since or self._seen
        token = _Token(seen=seen, rooms=tuple(self._rooms), stated=self._stated)
        return Position(self._name, token.model_dump_json(exclude_none=True))

    def _gaps(self, since: datetime, until: datetime | None) -> list[Gap]:
        since = since - MARGIN
        return [Gap(platform, room, since, until, BLIND) for platform, room in self._rooms]


def _read_token(position: Position | None) -> _Token | None:
    if position is None:
        return None
    try:
        return _Token.model_validate_json(position.token)
    except ValidationError:
        return None  # another kind of source had this name


def _variables(environment: Mapping[str, str], stated: str | None) -> dict[str, str]:
    """Return the variables of the program: it is no part of this service, whose settings hold the
    password of the database.
    """
    kept = {name: text for name, text in environment.items() if not name.startswith("INTENT_")}
    # A line waits for no other in a program written in Python.
    kept.setdefault("PYTHONUNBUFFERED", "1")
    return {**kept, "INTENT_POSITION": stated} if stated is not None else kept
