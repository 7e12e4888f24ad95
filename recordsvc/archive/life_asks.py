"""What an official asks for on a whole archive (档案事项的提出): a form judged, and the act that proposes it.

The doors of the interface and the pages of the desk propose by the same functions. Each takes the worker, the
record (of acts on one record) and what the API's form of the act read, and raises before anything is written;
what it returns proposes within a turn.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from recordsvc.access.entrance import actor
from recordsvc.access.services import reference
from recordsvc.archive import (
    awaiting,
    closing,
    copies,
    erasing,
    foreign,
    grounds,
    meanwhile,
    merging,
    moving,
    paperrefs,
    restricting,
)
from recordsvc.archive.closing import Death
from recordsvc.archive.life_errors import EvidenceNeeded, OrderNeeded
from recordsvc.archive.merging import Why
from recordsvc.archive.moving import Moving
from recordsvc.archive.reading import Reader
from recordsvc.archive.services import house
from recordsvc.ground.commit import Turn

Form = dict[str, Any]
Ask = Callable[[bytes, bytes, Form], Callable[[Turn], bytes]]
"""Worker, record (empty: none), form -> what proposes."""


def merge(worker_id: bytes, _record_id: bytes, form: Form) -> Callable[[Turn], bytes]:
    """Ask that an archive is read as another; papers of either person."""
    grounds.check(house(), "merge_grounds", form["ground"], "merge")
    papers = _filed([worker_id, form["into"]], form)
    why, by = Why(form["ground"], form["text"], papers), reference()
    return lambda turn: merging.propose_merge(turn, house(), worker_id, form["into"], why, by)


def unmerge(worker_id: bytes, _record_id: bytes, form: Form) -> Callable[[Turn], bytes]:
    """Ask that a merged archive stands alone again."""
    grounds.check(house(), "merge_grounds", form["ground"], "unmerge")
    papers = _filed([worker_id], form)
    why, by = Why(form["ground"], form["text"], papers), reference()
    return lambda turn: merging.propose_unmerge(turn, house(), worker_id, why, by)


def move(worker_id: bytes, record_id: bytes, form: Form) -> Callable[[Turn], bytes]:
    """Ask that a record stands with the person it is about; papers of either person."""
    papers = tuple(_filed([worker_id, form["to"]], form))
    moved = Moving(worker_id, record_id, form["to"], form["text"], form["issuer"], papers)
    by = reference()
    return lambda turn: moving.propose_move(turn, house(), moved, by)


def decide_stray(worker_id: bytes, _record_id: bytes, form: Form) -> Callable[[Turn], bytes]:
    """Ask whose a paper or a word is of the time of a merge undone; of a paper it is the evidence."""
    matter, what = form["matter_id"], form["what"]
    papers = house().papers.hashes(worker_id, [matter]) if what == meanwhile.PAPER else []
    asked = meanwhile.Deciding(worker_id, what, matter, form["to"], form["text"], tuple(papers))
    by = reference()
    return lambda turn: meanwhile.propose(turn, house(), asked, by)


def restrict(worker_id: bytes, _record_id: bytes, form: Form) -> Callable[[Turn], int]:
    """Seal an archive: the one act that takes one person; returns what enters it, to its log index."""
    grounds.check(house(), "restriction_grounds", form["ground"], "restrict")
    who = actor()
    return lambda turn: erasing.restrict_in(turn, house(), worker_id, form["ground"], form["text"], who)


def unrestrict(worker_id: bytes, _record_id: bytes, form: Form) -> Callable[[Turn], bytes]:
    """Ask that a restricted archive may be read again."""
    grounds.check(house(), "restriction_grounds", form["ground"], "lift")
    papers, by = _sealed_papers(worker_id, form), reference()

    def propose(turn: Turn) -> bytes:
        archive = Reader(house(), sealed=True).archive(worker_id, house().db.cursor(turn.conn))
        awaiting.check_lifting(archive, form["ground"])
        return erasing.propose_lift(turn, worker_id, form["ground"], form["text"], by, papers)

    return propose


def restrict_record(worker_id: bytes, record_id: bytes, form: Form) -> Callable[[Turn], bytes]:
    """Ask that one record is restricted; on a paper, where the ground is somebody's order."""
    asked, by = _asked(worker_id, record_id, form, "restrict"), reference()
    return lambda turn: restricting.propose(turn, house(), restricting.RESTRICT, asked, by)


def lift_record(worker_id: bytes, record_id: bytes, form: Form) -> Callable[[Turn], bytes]:
    """Ask that a restricted record may be read again."""
    asked, by = _asked(worker_id, record_id, form, "lift"), reference()
    return lambda turn: restricting.propose(turn, house(), restricting.LIFT, asked, by)


def _asked(worker_id: bytes, record_id: bytes, form: Form, act: str) -> restricting.Asked:
    grounds.check(house(), "restriction_grounds", form["ground"], act)
    awaiting.refuse(form["ground"])
    papers = paperrefs.resolved(house(), [worker_id], form["papers"])
    if grounds.needs_paper(house(), "restriction_grounds", form["ground"]):
        _need_order(worker_id, papers)
    return restricting.Asked(
        worker_id, record_id, form["ground"], form["text"], tuple(papers), form["issuer"]
    )


def erase(worker_id: bytes, _record_id: bytes, form: Form) -> Callable[[Turn], bytes]:
    """Ask that a person's archives are erased."""
    grounds.check(house(), "erasure_grounds", form["ground"], "erase")
    why, by = erasing.Why(form["ground"], form["text"], _sealed_papers(worker_id, form)), reference()
    return lambda turn: erasing.propose_erasure(turn, house(), worker_id, why, by)


def erase_record(worker_id: bytes, record_id: bytes, form: Form) -> Callable[[Turn], bytes]:
    """Ask that one record's content is erased."""
    grounds.check(house(), "erasure_grounds", form["ground"], "erase")
    papers, by = _sealed_papers(worker_id, form), reference()
    why = erasing.Why(form["ground"], form["text"], papers, form["issuer"])
    return lambda turn: erasing.propose_record_erasure(turn, house(), worker_id, record_id, why, by)


def close(worker_id: bytes, _record_id: bytes, form: Form) -> Callable[[Turn], bytes]:
    """Ask that the archive of a worker who died is closed, on a paper that is filed here."""
    grounds.check(house(), "closure_grounds", form["ground"], "close")
    grounds.check_day(house(), form["on"])
    with house().db.read() as conn:
        again = closing.awaits(house(), conn, worker_id)
    papers = paperrefs.resolved(house(), [worker_id], form["papers"], sealed=again)
    if not paperrefs.any_filed(house(), [worker_id], papers):
        raise EvidenceNeeded(errors=[closing.NO_PAPER])
    death, by = Death(form["ground"], form["on"], form["text"], papers), reference()
    return lambda turn: closing.propose_closure(turn, house(), worker_id, death, by)


def reopen(worker_id: bytes, _record_id: bytes, form: Form) -> Callable[[Turn], bytes]:
    """Ask that an archive closed in error takes records again."""
    by = reference()
    return lambda turn: closing.propose_reopening(turn, worker_id, form["text"], by)


def copy(worker_id: bytes, _record_id: bytes, form: Form) -> Callable[[Turn], bytes]:
    """Ask for a close relative's copy (个人信息保护法第四十九条), on proof of relation and of death."""
    papers = paperrefs.resolved(house(), [worker_id], form["papers"])
    if not paperrefs.any_filed(house(), [worker_id], papers, copies.RELATION_PROOF):
        raise EvidenceNeeded(errors=[copies.NO_RELATION_PROOF])
    papers = list(dict.fromkeys([*papers, *closing.proof_of(house(), worker_id)]))
    said, by = {"relation": form["relation"], "text": form["text"], "papers": papers}, reference()
    return lambda turn: copies.propose(turn, copies.RELATIVE, worker_id, said, by)


def hold(worker_id: bytes, _record_id: bytes, form: Form) -> Callable[[Turn], bytes]:
    """Ask for a legal-hold copy of a restricted archive (依法调取), on an order that is a paper."""
    grounds.check(house(), "hold_grounds", form["ground"])
    papers = _sealed_papers(worker_id, form)
    _need_order(worker_id, papers)
    said, by = {"ground": form["ground"], "text": form["text"], "papers": papers}, reference()
    return lambda turn: copies.propose(turn, copies.HOLD, worker_id, said, by)


def hold_record(worker_id: bytes, record_id: bytes, form: Form) -> Callable[[Turn], bytes]:
    """Ask for a legal-hold copy of one restricted record, on an order that is a paper."""
    grounds.check(house(), "hold_grounds", form["ground"])
    papers = paperrefs.resolved(house(), [worker_id], form["papers"])
    _need_order(worker_id, papers)
    said, by = {"ground": form["ground"], "text": form["text"], "papers": papers}, reference()

    def propose(turn: Turn) -> bytes:
        chain, named = restricting.place_of(house(), turn, worker_id, record_id, form["issuer"])
        return copies.propose(turn, copies.HOLD_RECORD, chain, {**named, **said}, by)

    return propose


def trust(worker_id: bytes, record_id: bytes, form: Form) -> Callable[[Turn], bytes]:
    """Ask that evidence from elsewhere is trusted so far; `verification`: None, or how it was verified."""
    proof, by = form["verification"], reference()
    if proof is not None:
        proof = {name: value for name, value in proof.items() if value is not None}
    papers = paperrefs.resolved(house(), [worker_id], form["papers"])
    wanted = foreign.Raise(worker_id, record_id, form["trust"], proof, form["text"], tuple(papers))
    return lambda turn: foreign.propose_trust(turn, house(), wanted, by)


def _filed(owners: Sequence[bytes], form: Form) -> list[str]:
    """Return the hashes of what an act rests on, one at least filed here. Raises `EvidenceNeeded`."""
    papers = paperrefs.resolved(house(), owners, form["papers"])
    if not paperrefs.any_filed(house(), owners, papers):
        raise EvidenceNeeded(errors=[closing.NO_PAPER])
    return papers


def _need_order(worker_id: bytes, papers: Sequence[str]) -> None:
    """Refuse an order that nobody filed, as whoever decides could not see it. Raises `OrderNeeded`."""
    if not paperrefs.any_filed(house(), [worker_id], papers):
        raise OrderNeeded(errors=[restricting.NO_ORDER])


def _sealed_papers(worker_id: bytes, form: Form) -> list[str]:
    """Return the hashes of what an act on a restricted archive rests on."""
    return paperrefs.resolved(house(), [worker_id], form["papers"], sealed=True)


NO_RECORD: Final = b""
"""Stands for the record of an act on a whole archive."""
