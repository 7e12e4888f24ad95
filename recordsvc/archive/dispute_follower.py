"""What the log does to cases (异议跟读): contests open them, confirmations and corrections end them.

In log order, each entry once: whoever is killed between leaves neither half a case nor a missing one.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from recordsvc.archive import contest_again, dispute_answers, disputes, restricting, store, tables
from recordsvc.archive.announcing import entries
from recordsvc.archive.formats import Kind
from recordsvc.archive.reading import OpenEntry, Reader
from recordsvc.archive.store import StoredEntry
from recordsvc.ground.commit import Turn
from recordsvc.ground.follower import Ahead, Follower
from recordsvc.ground.readers import Cursor

if TYPE_CHECKING:
    from recordsvc.house import House

NAME: Final = "disputes"
_KINDS: Final = frozenset({Kind.NOTE, Kind.CORRECT, Kind.REVOKE, Kind.ERASE})


def follower(house: "House") -> Follower[StoredEntry]:
    """Return the follower that keeps cases in step with the log."""
    return Follower(
        house.db, NAME, lambda after, limit: entries(house, after, limit), Ahead(_Following(house))
    )


class _Following:
    """Opens what of a portion concerns cases before the turn, all its workers in one question.

    A person erased between has no open case and no record left: both are read in the turn itself.
    """

    def __init__(self, house: "House") -> None:
        self._house = house
        self._reader = Reader(house)

    def __call__(self, stored: Sequence[StoredEntry]) -> Callable[[Turn], object]:
        wanted = [one for one in stored if one.target >= 0 and Kind(one.leaf[1]) in _KINDS]
        opening = [one for one in wanted if one.sealed is not None and Kind(one.leaf[1]) is not Kind.ERASE]
        with self._house.db.read_raw() as cursor:
            workers = self._house.people.load_all(cursor, {one.worker_id for one in opening})
        opened = {
            one.idx: self._reader.open(worker, one)
            for one in opening
            if (worker := workers.get(one.worker_id)) is not None
        }
        return lambda turn: self._follow(turn, wanted, opened)

    def _follow(self, turn: Turn, wanted: Sequence[StoredEntry], opened: Mapping[int, OpenEntry]) -> None:
        cursor = self._house.db.cursor(turn.conn)
        for one in wanted:
            self._take(turn, cursor, one, opened.get(one.idx))

    def _take(self, turn: Turn, cursor: Cursor, stored: StoredEntry, entry: OpenEntry | None) -> None:
        kind, worker_id = Kind(stored.leaf[1]), stored.worker_id
        if kind is not Kind.ERASE and entry is None:
            return  # erased: nobody's word is left
        seq = dispute_answers.root(self._house, cursor, worker_id, stored.target)
        case = disputes.unclosed(turn, worker_id, seq)
        if kind is Kind.ERASE:
            if case is not None and seq == stored.target:
                # Said, it may be, between the erasure and this.
                disputes.erase(turn, worker_id, seq)
                disputes.end(turn, self._house, case, "withdrawn", stored.idx)
            return
        if entry is None or entry.record is None:
            return
        if case is None:
            if kind is Kind.NOTE and entry.record["type"] == "contest":
                self._begin(turn, cursor, entry, seq)
        elif kind is Kind.NOTE:
            self._said(turn, cursor, case, entry)
        else:
            self._changed(turn, cursor, case, entry)

    def _said(self, turn: Turn, cursor: Cursor, case: disputes.Dispute, entry: OpenEntry) -> None:
        """Take the worker's word on a case: agreed, withdrawn, or not content with what the issuer did."""
        said = "" if entry.record is None else entry.record["type"]
        offered = dispute_answers.offered(self._house, cursor, case, entry.stored.idx)
        if said == "confirmation" and offered is not None:
            disputes.end(turn, self._house, case, "upheld", offered)
        elif said == "confirmation":
            met = self._put_right(cursor, case, entry) if case.owner == disputes.REGION else None
            outcome = ("withdrawn", entry.stored.idx) if met is None else ("upheld", met)
            disputes.end(turn, self._house, case, *outcome)
        elif said == "contest" and (offered is not None or self._asks_the_issuer_in_vain(case, entry)):
            disputes.pass_on(turn, self._house, case)

    def _put_right(self, cursor: Cursor, case: disputes.Dispute, entry: OpenEntry) -> int | None:
        """Return the log index of the issuer's correction with which the worker agrees; None: they withdraw.

        Where the region has the case nothing of the issuer's is an offer, but it may be what was asked for.
        """
        archive = Reader(self._house, sealed=True).archive(case.worker_id, cursor)
        state = None if archive is None else archive.state.of(case.seq)
        met: int | None = None
        for act in () if state is None else state.history:
            if act.record is None or not case.contest_seq < act.seq < entry.stored.seq:
                continue
            if act.record["type"] == "contest":
                met = None
            elif act.record["issuer"] == case.issuer and state is not None and act in state.corrections:
                met = act.seq
        return None if met is None or archive is None else archive.entries[met].stored.idx

    def _asks_the_issuer_in_vain(self, case: disputes.Dispute, entry: OpenEntry) -> bool:
        """Tell whether a case lies with its issuer that asks now what only the region decides."""
        return case.owner == disputes.ISSUER and _asks_the_region(entry)

    def _changed(self, turn: Turn, cursor: Cursor, case: disputes.Dispute, entry: OpenEntry) -> None:
        if _upholds(case, entry):
            disputes.end(turn, self._house, case, "upheld", entry.stored.idx)
        elif self._taken_back(cursor, case, entry):
            _retract(turn, case)
        elif self._may_answer(cursor, case, entry):
            disputes.offer(turn, self._house, case, entry.stored.record_id)

    def _may_answer(self, cursor: Cursor, case: disputes.Dispute, entry: OpenEntry) -> bool:
        """Tell whether an act that names no case is offered to the worker: the issuer's own, in its turn.

        Where the issuer has named an entry that is still to come, that one is its answer.
        """
        own = entry.record is not None and entry.record["issuer"] == case.issuer
        if not own or case.owner != disputes.ISSUER or entry.stored.seq <= case.contest_seq:
            return False
        named = case.answer_id is not None
        return not named or dispute_answers.offered(self._house, cursor, case, entry.stored.idx) is not None

    def _taken_back(self, cursor: Cursor, case: disputes.Dispute, entry: OpenEntry) -> bool:
        """Tell whether an issuer revokes the correction that it offered."""
        offered = dispute_answers.offered(self._house, cursor, case, entry.stored.idx)
        revoked = store.one(self._house.db, cursor, entry.stored.worker_id, entry.stored.target)
        return entry.kind is Kind.REVOKE and revoked is not None and revoked.idx == offered

    def _begin(self, turn: Turn, cursor: Cursor, entry: OpenEntry, seq: int) -> None:
        stored = entry.stored
        if _decided_after(turn, stored.worker_id, seq, stored.idx):
            return  # said while its case was open, and decided with it before it was followed
        target = store.one(self._house.db, cursor, stored.worker_id, seq)
        record = None if target is None else self._open(cursor, target)
        if record is None or record.record is None:
            return  # erased: there is nothing left to be contested
        issuer = str(record.record["issuer"])
        wish = _asks_the_region(entry)
        case = disputes.begin(turn, self._house, stored.worker_id, seq, stored.seq, issuer, to_region=wish)
        sealed_by = restricting.restricted_by(turn.conn, stored.worker_id, seq)
        if wish and sealed_by is not None and sealed_by > stored.idx and not case.closed:
            disputes.end(turn, self._house, case, "upheld", sealed_by)  # granted before it was followed

    def _open(self, cursor: Cursor, stored: StoredEntry) -> OpenEntry | None:
        worker = None if stored.sealed is None else self._house.people.load(cursor, stored.worker_id)
        return None if worker is None else self._reader.open(worker, stored)


def _asks_the_region(entry: OpenEntry) -> bool:
    return entry.record is not None and contest_again.asks_the_region(entry.record["body"], entry.ms)


def _upholds(case: disputes.Dispute, entry: OpenEntry) -> bool:
    """Tell whether an act ends a case: the one its issuer named, or a revocation of the record itself."""
    named = (
        case.answer_id is not None
        and entry.stored.record_id == case.answer_id
        and entry.record is not None
        and entry.record["issuer"] == case.issuer
    )
    return named or (entry.kind is Kind.REVOKE and entry.stored.target == case.seq)


def _decided_after(turn: Turn, worker_id: bytes, seq: int, idx: int) -> bool:
    """Tell whether a case of a record ended with an entry that came after this log index."""
    own = tables.dispute.c
    query = sa.select(own.seq).where(own.worker_id == worker_id, own.seq == seq, own.outcome_idx > idx)
    return turn.conn.execute(query.limit(1)).one_or_none() is not None


def _retract(turn: Turn, dispute: disputes.Dispute) -> None:
    """Take an offer back whose act its issuer took back: the case is open again, and its term goes on."""
    disputes.change(turn, dispute, state="open", answer=None, answer_id=None)
