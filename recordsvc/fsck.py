"""Re-derive everything from the rows (全库核验) and name the first thing that is wrong.

settings → log (entries, tree, tiles, checkpoints, head, cosignatures, checkpoints kept elsewhere) → log
entries against their rows → issuers' keys → people → chains, ciphertexts, signatures → record ids → holding →
papers and their files → who looked → draws → bound rows (consents, acts, grants, proposals, transfers,
draws, payments, fees, items of feeds) → the ledger → what the bank's room keeps sealed → what fees add up to
→ feeds.
One snapshot, rows streamed. Believed are only keys: the log's, the witnesses', those of the key store.
"""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from recordsvc import anchor, continuing, schema
from recordsvc.archive.fsck import ArchiveCheck
from recordsvc.archive.fsck_bound import BoundCheck
from recordsvc.archive.fsck_looked import LookedCheck
from recordsvc.archive.fsck_papers import PaperCheck
from recordsvc.bodies.fsck import InstitutionCheck
from recordsvc.exports.fsck import ExportCheck
from recordsvc.genesis import FIXED
from recordsvc.ground.database import installation
from recordsvc.ground.finding import Finding, Progress, Snapshot, Wrong, at, scan
from recordsvc.house import House
from recordsvc.money.bank.fsck import BankCheck
from recordsvc.money.fees.fsck import FeeCheck
from recordsvc.money.ledger.fsck import LedgerCheck
from recordsvc.money.recovery.fsck import RecoveryCheck
from recordsvc.oversight.fsck import DrawCheck
from recordsvc.people.fsck import PeopleCheck
from recordsvc.translog.fsck import LogCheck, Seen
from recordsvc.translog.note import NoteKey
from recordsvc.translog.tables import cosignature
from recordsvc.translog.witness import WitnessClient, WitnessUnreachable
from recordsvc.witnesses import remembered

UNPROTECTED: Final = (
    (
        "log_checkpoint",
        "ms",
        "of the empty log (size 0): no entry repeats it; it proves nothing and nobody reads it",
    ),
    (
        "log_checkpoint",
        "row",
        "missing, when the next one has the same ms: later checkpoints cover the same entries",
    ),
    (
        "log_cosignature",
        "row",
        "missing: a witness that was away leaves none either; the witness keeps its own copy",
    ),
    (
        "log_cosignature",
        "line",
        "of a witness that is no longer configured: counted as unchecked, its key is not here",
    ),
    ("dedupe", "key, digest", "of an erased record: both follow from R alone, and R is gone on purpose"),
    (
        "identifier",
        "standing",
        "of a name or card area: no index row would repeat it; only numbers select workers",
    ),
    (
        "identifier",
        "row of a card area",
        "missing: nobody is found by it; the issuer states it again with the next record",
    ),
    (
        "worker",
        "version, created_ms",
        "working state: it can delay a request, never place an entry",
    ),
    (
        "erasure",
        "row, worker_id, erasure_id, seq, idx, erased_ms, state",
        "how far traces are gone: the entry in the chain and the journal outside say that it was erased",
    ),
    (
        "fact_mark",
        "row, worker_id, seq, mark",
        "of an erased record nothing is left to compare: without it what is sent again enters as what is new",
    ),
    (
        "card_fact",
        "row",
        "missing: the card registry's next extract brings it again; until then its holder's card is a claim",
    ),
    (
        "dispute",
        "row, issuer, state, owner, opened_ms, due_on, closed_ms, outcome_idx, answer, answer_id, version",
        "missing only without messages: contest and end are entries; its case is gone until contested anew",
    ),
    (
        "institution_fact",
        "fact, on_date, value, source, stated_by, stated_ms",
        "no key signs what the authority says of an institution; what stands stays",
    ),
    (
        "institution_fact",
        "row",
        "missing, when register_version was changed with it: both are the database's own",
    ),
    *(
        (table, "row", "a draft: what counts is the record that the institution signs from it, and compares")
        for table in ("training_class", "class_teacher", "class_learner", "class_day", "class_presence")
    ),
    (
        "group_entry",
        "row",
        "which statements a department keeps: each is an entry that names the department and the officer",
    ),
    (
        "import_run",
        "row",
        "working state until its records are entered: they are signed and name file and row",
    ),
    (
        "import_row",
        "row",
        "working state until its record is entered: it is signed and names file and row",
    ),
    (
        "held_record",
        "reason, owner, state, decided_ms, note, worker_id, proposal",
        "working state until the release, which is signed",
    ),
    (
        "held_record",
        "row",
        "missing while it waits, one or all: its issuer has the 202 and sends it again, which is held again",
    ),
    ("paper", "row", "missing: an erased paper leaves nothing either; its hash in signed entries stays"),
    ("institution_paper", "row", "missing: as of `paper`"),
    (
        "register_row",
        "row, facts, extract_id",
        "working copy of a register's extract: the next brings it again, decisions keep the facts they used",
    ),
)
"""What no other row or key repeats: (table, column or `row`, why it may be so)."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was checked, what could not be, and the first thing that is wrong (None: all is well)."""

    finding: Finding | None
    counts: dict[str, int]
    notes: tuple[str, ...]


def fsck(house: House, progress: Progress = lambda _stage, _done: None, *, offline: bool = False) -> Report:
    """Check the whole database of `house`; `offline` asks no witness. Database errors pass through."""
    schema.load_tables()  # a room whose code this process had no use for has bound rows, too
    counts: dict[str, int] = {}
    notes: list[str] = []
    finding = None
    try:
        with house.db.read() as conn, Snapshot(conn) as snapshot:
            _settings(house, snapshot)
        # Fetched before the snapshot begins: what was seen elsewhere is then never newer than it.
        seen = [*_anchor(house, notes), *(() if offline else _witnessed(house, notes))]
        with house.db.read() as conn, Snapshot(conn) as snapshot:
            witnesses = [NoteKey.parse(key) for key in house.settings.witness_keys]
            log, archive = (
                LogCheck(snapshot, functools.partial(anchor.log_keys_at, house), witnesses, seen),
                ArchiveCheck(house, snapshot),
            )
            people = PeopleCheck(snapshot, house.people, house.keys)
            log.run(archive.rows.pinpoint, progress)
            continued = continuing.check(house, snapshot)
            histories = archive.rows.check(progress)
            people.run(progress)
            archive.run(histories, progress)
            institutions = InstitutionCheck(snapshot)
            institutions.run()
            papers = PaperCheck(house, snapshot)
            papers.run(progress)
            looks = LookedCheck(snapshot, functools.partial(anchor.log_keys_at, house))
            looks.run(progress)
            drawn = DrawCheck(house, snapshot)
            drawn.run(progress)
            chain = BoundCheck(snapshot)
            chain.run(progress)
            ledger = LedgerCheck(snapshot, functools.partial(anchor.log_keys_at, house))
            ledger.run(progress)
            bank = BankCheck(house, snapshot)
            bank.run(progress)
            fees = FeeCheck(snapshot)
            fees.run(progress)
            back = RecoveryCheck(snapshot)
            back.run(progress)
            feeds = ExportCheck(snapshot)
            feeds.run(progress)
            checks = (
                log,
                archive,
                people,
                institutions,
                papers,
                looks,
                drawn,
                chain,
                ledger,
                bank,
                fees,
                back,
                feeds,
            )
            counts = {name: n for check in checks for name, n in check.counts.items()}
            counts["continuations"] = continued
            if papers.unreached:
                notes.append(f"{papers.unreached} papers unchecked: the object store is out of reach")
            notes += [
                f"{n} cosignatures of {name} unchecked: no key configured"
                for name, n in log.unchecked.items()
            ]
    except Wrong as wrong:
        finding = wrong.finding
    return Report(finding, counts, tuple(notes))


def _settings(house: House, snapshot: Snapshot) -> None:
    """Compare what was fixed at the first run."""
    fixed = dict(scan(snapshot, [installation.c.name, installation.c.value]))
    first = {"log_origin": house.log.name_at(0)}
    for name in FIXED:
        if fixed.pop(name, None) != first.get(name, getattr(house.settings, name)):
            raise Wrong(
                at(installation, "value", name=name),
                "与设置不符",
                "differs from the settings, or the row is missing",
            )
    for name in fixed:
        raise Wrong(at(installation, name=name), "多出的行", "the row must not be there")


def _anchor(house: House, notes: list[str]) -> Iterable[Seen]:
    where = "the checkpoint kept outside the database"
    try:
        kept = anchor.read(house)
    except ValueError as error:
        raise Wrong(where, "库外检查点不是本日志的", f"is not a checkpoint of this log: {error}") from None
    if kept is None:
        notes.append(f"{where} is not there: not compared")
        return []
    return [Seen(kept.checkpoint, where)]


def _witnessed(house: House, notes: list[str]) -> Iterable[Seen]:
    seen = []
    for url, key in zip(house.settings.witness_urls, house.settings.witness_keys, strict=True):
        name = NoteKey.parse(key).name
        cosigned = remembered(house, NoteKey.parse(key))
        try:
            newest = WitnessClient(url, key).newest(anchor.log_keys(house))
        except WitnessUnreachable as error:
            notes.append(f"witness {name} not compared: {error}")
            continue
        if newest is not None:
            seen.append(Seen(newest.checkpoint, f"the witness {name}"))
        elif cosigned:
            raise Wrong(
                f"{at(cosignature, size=cosigned, witness=name)} ↔ the witness {name}",
                "该见证方说不认识本日志，而本库有它的见证签名：地址是别人的，或它丢失了记忆",
                "the witness does not know this log, and its cosignature is here: the address is another's, "
                "or it lost its memory",
            )
    return seen


def unprotected(table: sa.Table) -> list[tuple[str, str]]:
    """Return (column or `row`, reason) of what no check of a table can notice."""
    return [(column, reason) for name, column, reason in UNPROTECTED if name == table.name]
