"""Loads the demo region through the public doors, as officials, institutions and workers would.

Every step looks first whether it was done, or is known to the service by its ids, so that a load that was
interrupted goes on where it stopped and a second run adds nothing:

    register   institutions, their signing keys, their machines: one official proposes, another decides
    send       the records, institution by institution, quarter by quarter, each batch under one signature
    release    what came too late to enter by itself: one act of two officials
    send       the newest records, then corrections, revocations, restorations, and the rows nobody can place
    speak      workers confirm or contest what stands in their archives
"""

import collections
import datetime as dt
import itertools
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from demo.budgets import BUDGETS
from demo.centres import Keyring, Parcel
from demo.doors import Machine, Service, Session
from demo.institutions import INSTITUTIONS
from demo.ledger import Draft
from demo.region import Region
from demo.registry import Registrars, decide
from demo.schedule import quarter_of
from demo.subsidies import begun_on
from demo.voices import Voice, voices
from recordsvc.submit.sign import Destination

Show = Callable[[str, int, int], None]
"""Told what is being done, how many of it are done, and how many there are."""
_FRESH_DAYS = {
    "level-certificate": 360,
    "qualification-certificate": 360,
    "skill-certificate": 360,
    "safety-permit": 360,
    "award": 720,
    "honour": 720,
}
_USUALLY_FRESH_DAYS = 175
"""Records younger than this (a little less than the dated limits of `lateness`) enter by themselves. They are
sent after the older ones were released, so that archives stand in the order in which things happened."""
LATE = frozenset({"late", "institution-closed"})
"""Reasons for holding that the demo's officials settle; the others wait for whoever tries the desk."""
_PATIENCE_S = 120
_SENDING_ORDER = {
    key: place
    for place, key in enumerate(("service", "school", "enterprise", "assessment", "guidance", "safety"))
}


class NotReleased(RuntimeError):
    """Approved records did not enter in time: the background process (`recordsvc work`) may not run."""


class Rejected(RuntimeError):
    """The service rejected a record of the region: generator and published rules disagree."""


class Loader:
    """One load of one region into one service."""

    def __init__(self, service: Service, region: Region, folder: Path, show: Show) -> None:
        """Keep the institutions' keys in `folder`."""
        self._service = service
        self._region = region
        self._ring = Keyring(folder)
        self._show = show
        self._machines: dict[str, Machine] = {}
        self._held: dict[str, str] = {}
        self.counts: collections.Counter[str] = collections.Counter()

    def run(self) -> collections.Counter[str]:
        """Do all of it; the answers by status. Raises `Refused`, `Rejected`, `NotReleased`."""
        region = self._region
        fresh = [is_fresh(draft, region.today) for draft in region.drafts]
        self._register()
        self._send("报送历年记录", [one for one, new in zip(region.drafts, fresh, strict=True) if not new])
        self._release()
        self._send("报送近期记录", list(itertools.compress(region.drafts, fresh)))
        self._send("更正、撤销与恢复", region.amendments)
        self._release()  # corrections of what happened too long ago wait like the records themselves
        self._send("待核实的名册行", region.puzzles)
        self._speak(list(voices(region)))
        self._allot()
        return self.counts

    def _register(self) -> None:
        registrars = Registrars(self._service, self._ring)
        for done, institution in enumerate(INSTITUTIONS, 1):
            registrars.admit(institution)
            if institution.issues:
                self._machines[institution.key] = registrars.machine(institution)
            self._show("登记机构与密钥", done, len(INSTITUTIONS))

    def _send(self, what: str, drafts: Sequence[Draft]) -> None:
        """Send drafts in parcels and count the answers. Raises `Rejected` for a rejected row."""
        done = 0
        for parcel in parcels(drafts):
            target = self._service.target
            to = Destination(target.audience, target.environment, parcel.institution.uscc)
            batch = parcel.batch(self._ring, to)
            for row in self._machines[parcel.institution.key].post_batch(batch.ndjson()):
                if row["status"] == "rejected":
                    raise Rejected(f"{parcel.institution.key}: {row['problems'][0]}")
                if row["status"] == "held":
                    self._held[parcel.institution.key] = row["id"]
                self.counts[row["status"]] += 1
            done += len(parcel.drafts)
            self._show(what, done, len(drafts))

    def _release(self) -> None:
        """Release what is held for being late in one two-person act, and wait until it stands in the log."""
        handler = Session(self._service, {"kind": "handler"})
        selections = self._selections(handler)
        if selections:
            reviewer = Session(self._service, {"kind": "reviewer"})
            for selection in selections:
                act = {"select": selection, "reason": "历年记录集中补录，已与名册、证书存根核对（演示）"}
                proposed = handler.post("/v1/desk/held/release", act)
                decide(reviewer, proposed["proposal_id"])
                self.counts["released"] += proposed["count"]
            reviewer.leave()
        handler.leave()
        self._await_release()

    def _selections(self, handler: Session) -> list[dict[str, str]]:
        """Return what to release: one selection for each reason that lateness alone gives."""
        reasons: set[str] = set()
        after: dict[str, str | int] = {}
        while rows := handler.get("/v1/desk/held", limit=1000, **after)["items"]:
            reasons.update(row["reason"] for row in rows)
            after = {"after": rows[-1]["held_id"]}
        late = sorted(reasons & LATE)
        return [{"reason": reason} for reason in late]

    def _allot(self) -> None:
        """Allot the sample budgets, each by two officials, as far as they do not stand."""
        handler = Session(self._service, {"kind": "handler"})
        reviewer = Session(self._service, {"kind": "reviewer"})
        today = self._region.today
        # At the turn of the year claims began under the budget of the year before.
        years = sorted({begun_on(today).year, today.year})
        there = {one["line"] for one in handler.get("/v1/desk/funds")["items"]}
        wanted = [(budget, year) for year in years for budget in BUDGETS]
        for done, (budget, year) in enumerate(wanted, 1):
            if budget.line(year) not in there:
                once = f"demo-budget-{budget.line(year)}"
                proposed = handler.post("/v1/desk/funds/moves", budget.asked(year), once=once)
                decide(reviewer, proposed["proposal_id"])
                self.counts["budgets"] += 1
            self._show("下达预算（样例）", done, len(wanted))
        reviewer.leave()
        handler.leave()

    def _await_release(self) -> None:
        """Wait for the background process; the last record each institution had held tells."""
        until = time.monotonic() + _PATIENCE_S
        waiting = dict(self._held)
        while waiting:
            for key, record_id in list(waiting.items()):
                if self._machines[key].status(record_id) == "accepted":
                    del waiting[key]
            self._show("双人放行", len(self._held) - len(waiting), len(self._held))
            if waiting and time.monotonic() > until:
                raise NotReleased(", ".join(sorted(waiting)))
            if waiting:
                time.sleep(0.2)
        self._held.clear()

    def _speak(self, words: Sequence[Voice]) -> None:
        """Let each worker sign in and speak; a word said before makes no second entry."""
        for person, said in itertools.groupby(words, key=lambda word: word.person):
            session = Session(self._service, as_worker(person.document, person.number, person.name))
            shown = {one["id"]: one["seen"] for one in session.get("/v1/me/archive")["records"]}
            for word in said:
                path, seen = f"/v1/me/records/{word.record_id}", shown[word.record_id]
                if word.reason is None:
                    session.post(f"{path}/confirm", {"seen": seen})
                else:
                    session.post(f"{path}/contest", {"reason": word.reason, "seen": seen, "text": word.text})
                self.counts["confirmed" if word.reason is None else "contested"] += 1
            session.leave()
            self._show("劳动者确认", self.counts["confirmed"] + self.counts["contested"], len(words))


def is_fresh(draft: Draft, today: dt.date) -> bool:
    """Say whether what a record tells of is young enough to enter without an official."""
    days = _FRESH_DAYS.get(draft.type, _USUALLY_FRESH_DAYS)
    return draft.happened_on() >= today - dt.timedelta(days)


def parcels(drafts: Iterable[Draft]) -> list[Parcel]:
    """Put drafts into parcels by quarter and institution; schools before those who examine and certify."""

    def place(draft: Draft) -> tuple[dt.date, int, str]:
        order = _SENDING_ORDER.get(draft.issuer.key, _SENDING_ORDER["school"])
        return quarter_of(draft.issued_on), order, draft.issuer.key

    ordered = sorted(drafts, key=lambda draft: (place(draft), draft.issued_on))
    return [
        Parcel(group[0].issuer, tuple(group))
        for _, found in itertools.groupby(ordered, key=place)
        if (group := list(found))
    ]


def as_worker(document: str, number: str, name: str) -> dict[str, str]:
    """Return what signs a worker of the demo in: what stands on their own document."""
    return {"kind": "worker", "document": document, "number": number, "name": name}
