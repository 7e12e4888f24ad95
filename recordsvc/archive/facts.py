"""Facts (同一事实) that an archive states more than once, and how far each statement is trusted. Pure.

Decades of certificates are first known from paper: the region vouches for them, and the issuer's own
signature may follow years later. Both entries stay; the better one counts, the other is *superseded*: shown,
linked, and left out of whatever counts (claims, exports, figures). Equal trust is no upgrade but a doubling
(`twins`), and statements that contradict one another are two facts, for officials to look at.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from recordsvc.archive.states import ArchiveState, Life, Record, RecordState

TRUST: Final = (
    "stated",
    "copy-seen",
    "original-seen",
    "bureau-vouched",
    "query-confirmed",
    "issuer-confirmed",
    "issuer-signed",
)
"""Codes of `trust_levels` from the least; a test holds them against the ranks of that table."""
BY_MACHINE: Final = "issuer-signed"
"""What nobody gives by word: a signature of the issuer that this service verified itself."""
_BEST_BY_WORD: Final = "issuer-confirmed"
_RANK: Final = {code: rank for rank, code in enumerate(TRUST)}
PRIVATE: Final = frozenset({"group-membership"})
"""Types that are the worker's, the stating department's and the rules' to see, and no other reader's."""
_CERTIFICATES: Final = frozenset(
    (
        "training-certificate",
        "level-certificate",
        "qualification-certificate",
        "skill-certificate",
        "safety-permit",
    )
)

Fact = tuple[object, ...]

ELSEWHERE_ZH: Final = "本系统看不到其他省份发放的补贴和培训次数，这里的数目不含外省支付。"
ELSEWHERE_EN: Final = (
    "Payments and courses of other provinces cannot be seen here; no count here includes them."
)


def is_private(record: Mapping[str, Any]) -> bool:
    """Tell whether a record is of `PRIVATE`, or what a department entered on one."""
    role = (record.get("actor") or {}).get("role")
    return record["type"] in PRIVATE or role == "officer"


class Elsewhere(NamedTuple):
    """How many records in force tell of another place, and the sentence that stands beside every count."""

    records: int
    zh: str
    en: str


def trust_of(state: RecordState, region: str | None) -> str | None:
    """How far a record is trusted (可信等级): a code of `TRUST`; None when it cannot be read.

    What an institution signed is `issuer-signed` by nature; what the region took over says so itself;
    otherwise the region vouches for what it states, and a worker's statement is the worker's word. Evidence
    from elsewhere says how far it was verified, whoever signed it.
    """
    return trust_in(state.record, state.body, region)


def trust_in(record: Record | None, body: Record | None, region: str | None) -> str | None:
    """How far a record with this effective body is trusted, as `trust_of` tells it of a state."""
    if record is None or body is None:
        return None
    if record["type"] == "foreign-evidence":
        return _by_word(body.get("trust"))
    if record["issuer"] != region:
        return BY_MACHINE
    if record["type"] == "worker-statement":
        return "stated"
    return _by_word(record.get("provenance", {}).get("trust", "bureau-vouched"))


def superseded(state: ArchiveState, region: str | None) -> Mapping[int, int]:
    """Return seq of a record -> seq of a better trusted one in force that states the same fact."""
    best: dict[Fact, tuple[int, int]] = {}
    ranked: list[tuple[int, int, Fact]] = []
    trusted = [(one, _RANK[trust]) for one in state.records if (trust := trust_of(one, region)) is not None]
    if len({rank for _, rank in trusted}) < 2:
        return {}  # as in nearly all archives: everything is trusted alike
    for one, rank in trusted:
        fact = fact_of(one)
        if fact is None:
            continue
        ranked.append((one.seq, rank, fact))
        if fact not in best or best[fact][0] < rank:
            best[fact] = rank, one.seq
    return {seq: best[fact][1] for seq, rank, fact in ranked if rank < best[fact][0]}


def fact_of(state: RecordState) -> Fact | None:
    """Return what makes two records state the same fact; None when out of force or without such a mark.

    The verifier asks, too, of bodies that no schema was held against.
    """
    record, body = state.record, state.body
    if state.life is not Life.ACTIVE or record is None or body is None:
        return None
    return fact_in(str(record.get("type")), body)


def fact_in(record_type: str, body: Record) -> Fact | None:
    """Return the mark of the fact that a body of this type states; None without one."""
    try:
        fact = _fact(record_type, body)
        hash(fact)
    except (KeyError, TypeError, AttributeError):
        return None
    return fact


def _fact(name: str, body: Record) -> Fact | None:
    if name == "foreign-evidence" and "number" in body and body["evidence_kind"] in _CERTIFICATES:
        return body["evidence_kind"], body["number"], body.get("awarded_on"), body.get("level")
    if name in _CERTIFICATES:
        certificate = body["certificate"]
        return name, certificate["number"], certificate["issued_on"], body.get("level")
    if name == "assessment-result":
        return name, body["organisation"]["uscc"], body.get("ticket"), body["assessed_on"], body.get("level")
    if "class" in body and "code" in body["class"]:
        return (
            name,
            body["institution"]["uscc"],
            body["class"]["code"],
            body["started_on"],
            body.get("ended_on"),
        )
    return None


def day_of(state: RecordState) -> str | None:
    """Return the day (Beijing date) on which what a record states was over; None when it cannot be read."""
    record, body = state.record, state.body
    if record is None or body is None:
        return None
    printed = body["certificate"]["issued_on"] if "certificate" in body else None
    days = (body.get("ended_on"), printed, body.get("assessed_on"), body.get("awarded_on"))
    return str(next((day for day in (*days, body.get("granted_on")) if day), record["issued_on"]))


def seen_elsewhere(state: ArchiveState) -> Elsewhere:
    """Return what an answer that counts has to say of other provinces: their payments are not seen here."""
    told = sum(
        one.life is Life.ACTIVE and one.record is not None and one.record["type"] == "foreign-evidence"
        for one in state.records
    )
    return Elsewhere(told, ELSEWHERE_ZH, ELSEWHERE_EN)


def _by_word(code: Any) -> str | None:
    """Return a level as it was stated; of a verified signature, which nobody can state, the one below."""
    if not isinstance(code, str) or code not in _RANK:
        return None
    return _BEST_BY_WORD if code == BY_MACHINE else code
