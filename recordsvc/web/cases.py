"""Contested records in plain words (异议的文字): whose turn it is, what was said, how it ended."""

from dataclasses import dataclass
from typing import Any, Final

from recordsvc.archive import dispute_views, disputes
from recordsvc.archive.disputes import Dispute, Message
from recordsvc.archive.formats import Kind
from recordsvc.archive.reading import Archive
from recordsvc.archive.states import WISH
from recordsvc.ground.ports import beijing_date
from recordsvc.web import words
from recordsvc.web.badges import Badge
from recordsvc.web.cards import Card
from recordsvc.web.services import house

_STATES: Final = {
    "open": Badge("办理中", "wait"),
    "answered": Badge("已答复，办理中", "wait"),
    "upheld": Badge("异议成立", "good"),
    "rejected": Badge("异议不成立", "bad"),
    "withdrawn": Badge("已撤回", "mute"),
}
_SPEAKERS: Final = {"worker": "本人", "issuer": "签发单位", "official": "人社部门"}


@dataclass(frozen=True, slots=True)
class Case:
    """A case in plain words; `said` holds (who, when, what), `outcome` the reasons."""

    dispute_id: str
    card: Card
    badge: Badge
    turn: str
    opened: str
    said: tuple[tuple[str, str, str], ...]
    outcome: str
    closed: bool


def case_of(archive: Archive, dispute: Dispute, card: Card, *, for_issuer: bool = False) -> Case:
    """Put a case in words; `for_issuer`: without what is not for its issuer to read."""
    said = [
        (entry.ms, "本人", _reason(body))
        for entry, body in dispute_views.contests(archive, dispute)
        if not (for_issuer and body["reason"] == WISH)
    ]
    with house().db.read() as conn:
        found = disputes.messages(house(), conn, dispute)
    if for_issuer:
        found = dispute_views.heard_by_issuer(dispute.owner, found)
    said += [(one.at_ms, _speaker(one), one.text) for one in found]
    return Case(
        dispute_id=dispute.name,
        card=card,
        badge=_STATES[dispute.state],
        turn=_turn(dispute),
        opened=words.instant(dispute.opened_ms),
        said=tuple((who, words.instant(at_ms), text) for at_ms, who, text in sorted(said)),
        outcome=_outcome(archive, dispute),
        closed=dispute.closed,
    )


def _speaker(said: Message) -> str:
    """Say who spoke; of an issuer's person also the name."""
    return _SPEAKERS[said.who] + (f"：{said.name}" if said.name else "")


def _reason(body: Any) -> str:
    parts = (words.code("contest_reasons", str(body["reason"])), str(body.get("text", "")))
    return "：".join(part for part in parts if part)


def _turn(dispute: Dispute) -> str:
    """Say whose turn it is, and until when."""
    if dispute.closed:
        return ""
    if dispute.owner == disputes.ISSUER and dispute.answer == "upheld":
        return "签发单位认为异议成立，正在更正"
    who = "签发单位" if dispute.owner == disputes.ISSUER else "人社部门"
    if not dispute.due_on:
        return f"由{who}办理，期限待定"
    today = beijing_date(house().clock.now_ms()).isoformat()
    late = "（已过期限，催办中）" if dispute.due_on < today else ""
    until = "答复" if dispute.owner == disputes.ISSUER else "决定"
    return f"由{who}办理，应在 {words.day(dispute.due_on)}前{until}{late}"


def _outcome(archive: Archive, dispute: Dispute) -> str:
    entry = dispute_views.outcome_of(archive, dispute)
    if entry is None or entry.record is None or dispute.state == "withdrawn":
        return ""
    body = entry.record["body"]
    if entry.kind is Kind.CORRECT:
        return f"记录已更正：{body['reason']}"
    if entry.kind is Kind.REVOKE:
        why = (words.code("revocation_reasons", str(body["reason"])), str(body.get("text", "")))
        return "记录已撤销：" + "，".join(part for part in why if part)
    if entry.record["type"] == "restriction":
        return f"记录已限制处理：{words.code('restriction_grounds', str(body['ground']))}，{body['text']}"
    return f"{words.code('dispute_grounds', str(body['ground']))}：{body['text']}"
