"""Deletes what a person wrote, and everything that was made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, delete, select, tuple_, update

from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.decision import Entry
from intent.model.message import AuthorRole, Kind
from intent.store.decisions import read_standings
from intent.store.hooks import forget_room, names_room
from intent.store.identities import Identity
from intent.store.lead_log import erase_changes
from intent.store.lead_states import recheck_replies
from intent.store.nameless_payloads import erase_payload, stored_payloads
from intent.store.outcome_erasure import erase_outcomes, knows_outcomes, stored_in_outcomes
from intent.store.payload_subjects import may_be_of, subjects_of
from intent.store.rows import message_from
from intent.store.schema import (
    ask_lane,
    claim_corrections,
    claim_rounds,
    contact_accesses,
    contact_hashes,
    contacts,
    conversion_credits,
    conversion_links,
    dead_letters,
    decisions,
    earlier_versions,
    hook_deliveries,
    inbox,
    lead_actions,
    leads,
    llm_attempts,
    llm_replies,
    messages,
    retractions,
    source_gaps,
)
from intent.store.tombstones import Tombstones
from intent.store.turns import in_turn
from intent.store.vault_keys import VaultKeys

LETTERS_AT_ONCE = 200
"""Refused payloads that are looked through in one transaction, at most."""


class SqlErasure:
    """Erases in SQL, a bounded number of rows at a time, and remembers what it erased."""

    def __init__(self, tombstones: Tombstones) -> None:
        self._tombstones = tombstones
        self.payloads: set[DataSubject] = set()
        """What was deleted with somebody because nobody could say whose it was; it is buried."""

    def begin(self, transaction: Connection, subject: DataSubject, *, anyway: bool) -> bool:
        """Bury a subject that is known, or any with ``anyway``, so that nothing of it is stored
        from now on; return whether it is known.
        """
        # Whoever has looked for tombstones without finding this one has ended by then, and what
        # they stored is found below.
        in_turn(transaction, alone=True)
        known = self._knows(transaction, subject)
        if known or anyway:
            self._tombstones.bury(transaction, [subject])
        if subject.kind is SubjectKind.USER:
            # Before anything else: what backups and logs hold sealed is unreadable from here on.
            VaultKeys().forget(transaction, [(subject.platform, subject.id)])
        return known

    def stored(
        self, transaction: Connection, kind: SubjectKind, after: DataSubject | None, count: int
    ) -> Sequence[DataSubject]:
        """Return the next subjects of a kind of which anything is stored, in one order."""
        if kind is SubjectKind.PAYLOAD:
            return stored_payloads(transaction, after, count)
        query = stored_in_outcomes(kind, after, count, messages)
        return [DataSubject(kind, row.platform, row[1]) for row in transaction.execute(query)]

    def buried(
        self, transaction: Connection, subjects: Sequence[DataSubject]
    ) -> Sequence[DataSubject]:
        """Return those of these subjects that were erased."""
        gone = self._tombstones.buried(transaction, subjects)
        return [subject for subject in subjects if subject in gone]

    def erase(
        self, transaction: Connection, subject: DataSubject, count: int
    ) -> tuple[int, list[Entry]]:
        """Delete the next messages of a subject; return how many, and for each that was decided
        the decision that stood for readers.
        """
        if subject.kind in (SubjectKind.CONVERSION, SubjectKind.PAYLOAD):
            return 0, []
        in_turn(transaction, alone=False)
        m = messages.c
        mine = (
            select(messages)
            .where(*_means(messages, subject))
            .order_by(m.platform, m.message_id)
            .limit(count)
            # Whoever else deletes these now takes them out of features, too.
            .with_for_update()
        )
        found = {
            (row["platform"], row["message_id"]): row
            for row in transaction.execute(mine).mappings()
        }
        if subject.kind is SubjectKind.ROOM:
            transaction.execute(delete(claim_rounds).where(*_means(claim_rounds, subject)))
            forget_room(transaction, subject.id)
        # Bans name the person.
        transaction.execute(delete(retractions).where(*_means(retractions, subject)))
        if not found:
            return 0, []
        stood = delete_messages(transaction, found)
        self._forget_words(transaction, subject.platform, [one for _, one in found])
        direct = {
            (row["platform"], row["room_id"])
            for row in found.values()
            if row["kind"] == Kind.CHAT or subject.kind is SubjectKind.ROOM
        }
        _forget_empty_rooms(transaction, direct)
        return len(found), stood

    def erase_outcomes(self, transaction: Connection, subject: DataSubject, count: int) -> int:
        """Delete the next impressions, clicks and conversions of a subject; return how many. The
        conversions are buried, so that no source brings them back.
        """
        if subject.kind is SubjectKind.PAYLOAD:
            return 0
        in_turn(transaction, alone=False)
        erased, gone = erase_outcomes(transaction, subject, count)
        self._tombstones.bury(transaction, gone)
        return erased

    def erase_refused(
        self, transaction: Connection, subject: DataSubject, after: int, *, unsure: bool
    ) -> tuple[int, int | None]:
        """Delete the next refused payloads that name the subject; return how many, and where to go
        on (None at the end).

        Args:
            unsure: those, too, of which nobody can say which person wrote them; they are buried, so
                that the same file does not bring them back.
        """
        if subject.kind is SubjectKind.CONVERSION:
            return 0, None
        if subject.kind is SubjectKind.PAYLOAD:
            return erase_payload(transaction, subject), None
        d = dead_letters.c
        page = transaction.execute(
            select(d.id, d.payload, d.digest)
            .where(d.message_id.is_(None), d.id > after)
            .order_by(d.id)
            .limit(LETTERS_AT_ONCE)
        ).all()
        mine = [row for row in page if _is_of(bytes(row.payload), subject, unsure)]
        transaction.execute(delete(dead_letters).where(d.id.in_([row.id for row in mine])))
        nameless = {
            DataSubject(SubjectKind.PAYLOAD, "", row.digest)
            for row in mine
            if subject not in subjects_of(bytes(row.payload))
        }
        if nameless:
            self._tombstones.bury(transaction, nameless)
            self.payloads |= nameless
        return len(mine), page[-1].id if page else None

    def _forget_words(
        self, transaction: Connection, platform: str, message_ids: Sequence[str]
    ) -> None:
        """Let nobody quote these messages, now or when they come again."""
        m = messages.c
        quoting = update(messages).where(m.platform == platform, m.reply_to_id.in_(message_ids))
        transaction.execute(quoting.values(reply_to_text=None))
        gone = [DataSubject(SubjectKind.MESSAGE, platform, one) for one in message_ids]
        self._tombstones.bury(transaction, gone)

    def _knows(self, transaction: Connection, subject: DataSubject) -> bool:
        """Whether anything of a subject is stored, or a ban that names it, or it was buried."""
        buried = bool(self._tombstones.buried(transaction, [subject]))
        if subject.kind is SubjectKind.PAYLOAD:
            return buried
        return (
            buried
            or knows_outcomes(transaction, subject)
            or (subject.kind is SubjectKind.ROOM and names_room(transaction, subject.id))
            or any(
                transaction.execute(
                    select(table.c.platform).where(*_means(table, subject)).limit(1)
                ).first()
                for table in (messages, retractions, claim_rounds)
                if f"{subject.kind}_id" in table.c
            )
        )

    def erase_replies(self, transaction: Connection, count: int) -> int:
        """Delete kept replies of the LLM, which may quote anybody; return how many. To lose one
        costs another call at most.
        """
        some = select(llm_replies.c.key).order_by(llm_replies.c.key).limit(count)
        return transaction.execute(delete(llm_replies).where(llm_replies.c.key.in_(some))).rowcount


def delete_messages(transaction: Connection, found: Mapping[Identity, RowMapping]) -> list[Entry]:
    """Delete messages and everything that was made of them; return for each that was decided the
    decision that stood for readers, which features have to be relieved of.

    Args:
        found: rows of ``messages``, by identity.
    """
    identities = list(found)
    # The queues first, as worker and asker do: one that decides one of these meanwhile waits
    # for the row, and then finds its claim gone.
    for queue in (inbox, ask_lane):
        _delete(transaction, queue, identities)
    standings = read_standings(transaction, identities)
    stood = [
        Entry(message_from(row), standings[identity].decision, standings[identity].revision)  # type: ignore[arg-type]
        for identity, row in found.items()
        if standings[identity].decision is not None
    ]
    made = (
        *(claim_corrections, decisions, dead_letters, earlier_versions, retractions),
        *(conversion_links, conversion_credits),
    )
    sealed = (contacts, contact_hashes)
    # leads before what is on its way to receivers: whoever puts that on its way holds the
    # lead, and what they wrote is found then
    for table in (leads, lead_actions, hook_deliveries, *made, *sealed, messages):
        _delete(transaction, table, identities)
    _forget_keys(transaction, {(row["platform"], row["user_id"]) for row in found.values()})
    _forget_accesses(transaction, identities)
    erase_changes(transaction, identities)
    recheck_replies(transaction, _answered_by(found.values()))
    return stood


def _delete(transaction: Connection, table: Table, identities: Sequence[Identity]) -> None:
    transaction.execute(
        delete(table).where(tuple_(table.c.platform, table.c.message_id).in_(identities))
    )


def _forget_keys(transaction: Connection, authors: set[tuple[str, str]]) -> None:
    """Forget the keys of authors of whom nothing is sealed any more."""
    left = select(contacts.c.platform, contacts.c.user_id).distinct()
    of_them = tuple_(contacts.c.platform, contacts.c.user_id).in_(authors)
    still = {tuple(row) for row in transaction.execute(left.where(of_them))}
    VaultKeys().forget(transaction, authors - still)


def _forget_accesses(transaction: Connection, identities: Sequence[Identity]) -> None:
    """Forget whose details were seen; that somebody saw some stays."""
    a = contact_accesses.c
    of_them = update(contact_accesses).where(tuple_(a.platform, a.message_id).in_(identities))
    transaction.execute(of_them.values(platform="", user_id="", message_id=""))


def _answered_by(rows: Iterable[RowMapping]) -> set[Identity]:
    return {
        (row["platform"], row["reply_to_id"])
        for row in rows
        if row["reply_to_id"] is not None and row["author_role"] != AuthorRole.VIEWER
    }


def _is_of(payload: bytes, subject: DataSubject, unsure: bool) -> bool:
    return may_be_of(payload, subject) if unsure else subject in subjects_of(payload)


def _means(table: Table, subject: DataSubject) -> Sequence[ColumnElement[bool]]:
    return table.c.platform == subject.platform, table.c[f"{subject.kind}_id"] == subject.id


def _forget_empty_rooms(transaction: Connection, rooms: set[tuple[str, str]]) -> None:
    """Forget the names of rooms in which nothing is left: that of a direct conversation names
    whom it was with.
    """
    m, g, a, c = messages.c, source_gaps.c, llm_attempts.c, claim_rounds.c
    for platform, room_id in sorted(rooms):
        left = select(m.platform).where(m.platform == platform, m.room_id == room_id).limit(1)
        if transaction.execute(left).first() is not None:
            continue
        transaction.execute(delete(source_gaps).where(g.platform == platform, g.room_id == room_id))
        transaction.execute(
            delete(claim_rounds).where(c.platform == platform, c.room_id == room_id)
        )
        spent = update(llm_attempts).where(a.platform == platform, a.room_id == room_id)
        transaction.execute(spent.values(room_id=""))
        forget_room(transaction, room_id)
