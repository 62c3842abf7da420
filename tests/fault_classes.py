"""The 23 classes of faults that tests inject, and how: ``docs/faults.md`` is written from them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FaultClass:
    """One kind of thing that goes wrong.

    Attributes:
        key: what a test names it by: ``@pytest.mark.fault("kill")``.
        fault: what goes wrong, in a few words.
        injected: how tests make it go wrong.
    """

    key: str
    fault: str
    injected: str


CLASSES = (
    FaultClass(
        "kill",
        "SIGKILL at any storage call and at any protocol step",
        "`strace` kills at the Nth `pwrite64`, `fdatasync`, `ftruncate` or `unlink`, for every N; a "
        "failpoint kills between claiming, deciding, saving and committing, and between the steps "
        "of asker, deliverer, server, readers and listeners",
    ),
    FaultClass(
        "storm",
        "random TERM, INT and KILL over four workers",
        "drawn signals at drawn moments, and a new worker for each that left",
    ),
    FaultClass(
        "leave",
        "SIGTERM in each state, twice, and a grace shorter than a call",
        "signals while a worker waits, decides, saves or sits out an outage, and while an LLM is "
        "silent",
    ),
    FaultClass(
        "zombie",
        "SIGSTOP past the lease",
        "a worker is stopped at each step of each batch, its leases end, another does its work, "
        "SIGCONT",
    ),
    FaultClass(
        "poison",
        "poison: malformed, huge, deep, raising, segfaulting, memory-eating; alone and in a batch",
        "lines of each kind between good ones; a classifier that does what a text says, under a "
        "limit of memory",
    ),
    FaultClass(
        "disk",
        "a disk that is full, broken or read-only, and back",
        "`strace` answers ENOSPC, EIO or EROFS to writes until it is taken away; a limit of file "
        "sizes; a full tmpfs",
    ),
    FaultClass(
        "commit",
        "a commit of which nobody knows whether it happened",
        "a proxy cuts PostgreSQL's connection behind COMMIT, before the answer; the process is "
        "killed between commit and answer",
    ),
    FaultClass(
        "server",
        "PostgreSQL killed, its backends terminated, deadlocks, no connection free, a standby",
        "SIGQUIT to the server, `pg_terminate_backend`, crossed row locks, all connections taken, "
        "`default_transaction_read_only`",
    ),
    FaultClass(
        "lock",
        "SQLite locked beyond the timeout, and a reader that pins its log",
        "another connection holds `BEGIN IMMEDIATE`, or a read transaction, while a worker works",
    ),
    FaultClass(
        "redis",
        "Redis killed, flushed, trimmed; its readers killed",
        "signals to a real server and to `intent listen`; a kill at each step of a reader",
    ),
    FaultClass(
        "kafka",
        "Kafka away and back; its readers killed",
        "a mock cluster whose brokers go down and up; signals to `intent listen`; a kill at each "
        "step of a reader",
    ),
    FaultClass(
        "network",
        "latency, resets, half-open connections, truncated answers",
        "a proxy between worker and PostgreSQL; servers of platforms, receivers and LLMs that do so",
    ),
    FaultClass(
        "llm",
        "everything an LLM server can answer, together with a missing local model",
        "a stand-in answers every fault of its list in turn; `intent work` with a model folder that "
        "is not there",
    ),
    FaultClass(
        "restart",
        "20 workers that restart at once",
        "20 processes are started together, killed together, and started again",
    ),
    FaultClass(
        "repeat",
        "one id a thousand times at once; shuffled, late, future, edited, deleted",
        "threads put the same ids in drawn orders, with edits and retractions among them",
    ),
    FaultClass(
        "clock",
        "clocks that jump forward and back",
        "the database's clock is set to drawn instants between any two steps",
    ),
    FaultClass(
        "flood",
        "more than can be decided",
        "clients that never wait, at a server with a small inbox; batches beyond every bound",
    ),
    FaultClass(
        "soak",
        "a million messages",
        "one worker decides them while memory, files and threads are looked at",
    ),
    FaultClass(
        "erase",
        "erasure of what is in flight, before a replay, and twice",
        "people are forgotten while workers hold, decide and ask about their messages; everything "
        "is put again afterwards",
    ),
    FaultClass(
        "request",
        "wrong, spent and revoked keys; requests that are no requests",
        "clients of a real server that send keys and bytes of every wrong kind",
    ),
    FaultClass(
        "schema",
        "an old worker on a new schema and back; a migration killed half-way; two at once",
        "`strace` kills `migrate` at the Nth storage call; a schema is moved under a worker; two "
        "migrations start together",
    ),
    FaultClass(
        "history",
        "the whole history replayed twice",
        "everything that was ever put is put again, in order, shuffled, and by two at once",
    ),
    FaultClass(
        "any",
        "any of it in any order",
        "a state machine draws histories of put, take, finish, crash, expire, retract, edit, erase "
        "and replay",
    ),
)
"""In the order of the page."""

BESIDE = (
    FaultClass(
        "backup",
        "a backup under load, and its restore",
        "`intent backup`, or `pg_dump`, while two workers work; then somebody is forgotten; what is "
        "restored forgets them again, is audited, and a worker decides what waits in it",
    ),
)
"""What is tried beside the classes."""

BY_KEY = {one.key: one for one in (*CLASSES, *BESIDE)}
