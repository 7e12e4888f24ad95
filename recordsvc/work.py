"""`recordsvc work`: the one background process, leased in the database; jobs can stop anywhere and go on.

Several lanes run side by side:

anchor      keep the newest checkpoint outside the database, only ever larger (a restored backup shows itself)
witnesses   have the newest checkpoint cosigned
looked      state the who-looked log in the archive's, which witnesses bind
look-alarms raise alarms on looks that stand out, and later on those that nothing came of; on machines
            whose volume is not like their own past
erasures    write what was erased into the journal outside the database, and scrub its traces
ledger      close the days of the ledger that are over: sealed, signed, stated in the archive's log
releases    append what two people released from the holding
imports     enter what two people released of a file of old papers
classes     void classes that were never signed, and empty the seats of those that ended long ago
packs       make what two people decided that an auditor sees, and destroy it after its time
cards       attach cards that the registry knew before their holders
notices     tell people what was entered about them
disputes    open and end cases of contested records, and pass on what an issuer let lie; so with signed slips
outbox      deliver what must leave the house
proposals   tell workers what a new certificate may bring
claims-late tell the next above of claims whose step is overdue
webhooks    tell receivers that want it that their feed moved
exports     tell each receiver's feed what changed of what it may see; once a day by date
recoveries  take corrections, revocations and merges to claims: unpaid ones go back, paid ones are asked back
claims      let claims pass whose public list is over, hand on what is signed for, close what was paid
advances    end apprentices' places whose time is over, and ask back what was advanced for them
fees        pay refunds out of what is kept, and hand on what institutions have
bank        send released batches, take in what banks sent, ask about names and payments at once, find
            what is overdue
sweeps      forget idempotency keys that have expired, messages that left long ago, last notices not taken,
            numbers given up whose term is over
papers      remove objects that no row names any more
keys        bring rows under a new pepper or wrapping key, and take away what dropped ones left
staff-terms tell institutions which positions of their people end soon
standards   tell the desk of rules and standards that end, and that nothing follows
replay      hold every stored decision against its rule once more, once a night
checkpoint  move SQLite's write-ahead log into the database file outside the writers' turns
"""

import functools
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Final

import click

from recordsvc import anchor, erasures, restrictions, rotation
from recordsvc.access import staff_terms
from recordsvc.archive import (
    bound_statements,
    disputes,
    farewell,
    key_notices,
    looked_statements,
    pack_making,
    sharing,
    slip_checks,
    volume_alarms,
)
from recordsvc.archive.announcing import announcer
from recordsvc.archive.dispute_follower import follower as dispute_follower
from recordsvc.archive.emptied import emptier
from recordsvc.archive.held import Releaser
from recordsvc.archive.importing import Importer
from recordsvc.archive.letters import deliverer
from recordsvc.archive.looked_alarms import follower as alarm_follower
from recordsvc.archive.looked_alarms import relation_follower
from recordsvc.exports import webhooks
from recordsvc.exports.following import Feeds
from recordsvc.ground import observe, outbox
from recordsvc.ground.idempotency import Idempotency
from recordsvc.ground.lease import Lease
from recordsvc.house import House
from recordsvc.money.bank import dispatch, inbox, instant, payee_accounts, terms
from recordsvc.money.claims import escalating as claim_escalating
from recordsvc.money.claims import notices as claim_notices
from recordsvc.money.claims import paying as claim_payments
from recordsvc.money.claims.proposing import follower as claim_proposals
from recordsvc.money.fees import debiting
from recordsvc.money.fees import keeping as fee_keeping
from recordsvc.money.ledger import seals
from recordsvc.money.recovery import advances, hearing
from recordsvc.money.recovery import following as recoveries
from recordsvc.money.rules import expiring
from recordsvc.money.rules.decisions import nightly as replaying
from recordsvc.people import contacts
from recordsvc.people.waiting import WaitingCards
from recordsvc.serving import load_settings
from recordsvc.starting import open_checked
from recordsvc.training import classes
from recordsvc.witnesses import Witnesses

TICK_S: Final = 0.2


@dataclass(slots=True)
class Job:
    """One recurring job: its name, what it does, and how many seconds lie between two runs."""

    name: str
    run: Callable[[], object]
    every_s: float
    due: float = 0.0


class Worker:
    """Runs the jobs of one service while it holds the lease."""

    def __init__(self, house: House) -> None:
        """Work for `house`."""
        recoveries.connect(house)
        fee_keeping.connect(house)
        debiting.connect(house)
        self._lease = Lease(house.db, house.clock, "work", house.random.bytes(8).hex())
        self._stop = threading.Event()
        self._fatal: BaseException | None = None
        idempotency = Idempotency(house.db, functools.partial(house.keys.hmac, "dedupe"))
        feeds = Feeds(house)
        self.lanes = (
            # The outside checkpoint is promised within a second: nothing may stand before it in a queue.
            (
                Job("anchor", functools.partial(anchor.keep, house), 0.4),
                Job("erasures", functools.partial(erasures.keep, house), 0.4),
                Job("looked", functools.partial(looked_statements.keep, house), 1.0),
                Job("bound", functools.partial(bound_statements.keep, house), 1.0),
            ),
            # A witness that answers slowly keeps nobody else waiting.
            (Job("witnesses", Witnesses(house).cosign, 0.5),),
            # Followers of the log: behind it for a while hurts nobody.
            (
                Job("notices", announcer(house).run, 0.5),
                Job("restriction-journal", restrictions.journal(house).run, 0.5),
                Job("closing-journal", restrictions.closings(house).run, 0.5),
                Job("erased-notices", emptier(house).run, 5.0),
                Job("claim-proposals", claim_proposals(house).run, 1.0),
                Job("recoveries", recoveries.follower(house).run, 1.0),
            ),
            (Job("exports", feeds.run, 0.5), Job("export-dates", feeds.sweep, 60.0)),
            # A receiver that answers slowly keeps no feed waiting.
            (Job("webhooks", functools.partial(webhooks.run, house), 2.0),),
            (
                Job("disputes", dispute_follower(house).run, 0.5),
                Job("dispute-terms", functools.partial(disputes.pass_on_due, house), 60.0),
                Job("slip-terms", functools.partial(slip_checks.pass_on_due, house), 60.0),
            ),
            # A change of key walks every worker: in a lane of its own it holds up nothing but the writers.
            (Job("keys", functools.partial(rotation.work, house, self._stop.is_set), 1.0),),
            # So does what became of an issuer's key, whose records may stand anywhere in the log.
            (Job("key-notices", functools.partial(key_notices.run, house), 5.0),),
            (
                Job("look-alarms", alarm_follower(house).run, 1.0),
                Job("look-relations", relation_follower(house).run, 10.0),
                Job("client-volumes", functools.partial(volume_alarms.keep, house), 300.0),
            ),
            # A gateway that answers slowly keeps nobody else waiting.
            (Job("outbox", deliverer(house).run, 0.5),),
            # A folder on a slow disk, or a bank asked about names, keeps nobody else waiting.
            (
                Job("claims", functools.partial(claim_payments.run, house), 2.0),
                Job("claims-late", functools.partial(claim_escalating.run, house), 600.0),
                Job("advances", functools.partial(advances.run, house), 600.0),
                Job("claim-lapses", functools.partial(claim_payments.lapse_due, house), 600.0),
                Job("fees", functools.partial(debiting.run, house), 5.0),
                Job("hearings", functools.partial(hearing.close_due, house), 60.0),
                Job("claim-lists", functools.partial(claim_notices.pass_due, house), 60.0),
                Job("bank-send", functools.partial(dispatch.run, house), 1.0),
                Job("bank-files", functools.partial(inbox.run, house), 1.0),
                Job("bank-servers", functools.partial(inbox.run, house, far=True), 30.0),
                Job("payee-checks", functools.partial(payee_accounts.check_due, house), 1.0),
                Job("instant", functools.partial(instant.run, house), 10.0),
                Job("bank-terms", functools.partial(terms.run, house), 600.0),
            ),
            (
                Job("ledger", functools.partial(seals.keep, house), 10.0),
                Job("releases", Releaser(house).run, 0.5),
                Job("imports", Importer(house).run, 1.0),
                Job("packs", functools.partial(pack_making.make, house), 1.0),
                Job("classes", functools.partial(classes.expire, house), 3_600.0),
                Job("pack-ends", functools.partial(pack_making.expire, house), 60.0),
                Job("cards", WaitingCards(house).run, 1.0),
                Job("sweeps", idempotency.sweep, 60.0),
                Job("contacts-sweep", lambda: house.db.write(contacts.sweep), 3_600.0),
                Job("outbox-sweep", lambda: house.db.write(outbox.sweep), 3_600.0),
                Job("farewells", functools.partial(farewell.expire, house), 3_600.0),
                Job("consents", functools.partial(sharing.expire, house), 60.0),
                Job("papers", house.papers.sweep, 600.0),
                Job("replay", replaying(house), 600.0),
                Job("staff-terms", functools.partial(staff_terms.run, house), 3_600.0),
                Job("standards", functools.partial(expiring.run, house), 3_600.0),
                Job("checkpoint", house.db.checkpoint, 1.0),
                Job("scrub", functools.partial(erasures.scrub, house), 2.0),
            ),
        )

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """End after the job that runs now."""
        self._stop.set()

    def loop(self) -> None:
        """Run all lanes until told to stop. Raises `DatabaseBehind` when the log is an old copy."""
        threads = [threading.Thread(target=self._run, args=(lane,), name=lane[0].name) for lane in self.lanes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._fatal is not None:
            raise self._fatal

    def _run(self, lane: Sequence[Job]) -> None:
        while not self._stop.is_set():
            if self._holds_lease():
                for job in lane:
                    self.tick(job)
            self._stop.wait(TICK_S)

    def _holds_lease(self) -> bool:
        try:
            return self._lease.hold()
        except Exception as error:  # noqa: BLE001 - a database that is away for a while comes back
            observe.log("lease-failed", error=type(error).__name__, at=observe.place(error))
            return False

    def tick(self, job: Job) -> None:
        """Run a job if it is due. A failing job is reported and tried again later; the others go on."""
        now = time.monotonic()
        if now < job.due or self._stop.is_set():
            return
        try:
            job.run()
            job.due = now + job.every_s
        except anchor.DatabaseBehind as error:
            # Going on would fork the log: the process ends, and a start refuses with the same words.
            self._fatal = error
            self._stop.set()
        except Exception as error:  # noqa: BLE001 - the process outlives any one job; the failure is logged and retried
            job.due = now + max(job.every_s, 2.0)
            observe.log("job-failed", job=job.name, error=type(error).__name__, at=observe.place(error))


@click.command()
def work() -> None:
    """后台任务 / Run the background process until a signal ends it."""
    house = open_checked(load_settings())
    worker = Worker(house)
    signal.signal(signal.SIGTERM, worker.stop)
    signal.signal(signal.SIGINT, worker.stop)
    try:
        worker.loop()
        # What was looked at and bound since the last statement does not wait for the next start.
        looked_statements.keep(house, now=True)
        bound_statements.keep(house, now=True)
    finally:
        house.close()
