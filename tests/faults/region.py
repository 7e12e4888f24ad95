"""A region with one of everything that the database can hold, and the databases to put it in."""

import dataclasses
import datetime as dt
import itertools
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from banksim.messages import Told
from recordsvc import anchor, genesis
from recordsvc.access import acts, consents, looked, officials
from recordsvc.access.acts import Act, OfficialAct
from recordsvc.access.consents import Ended, Wanted
from recordsvc.access.grants import Actor
from recordsvc.access.grants import Kind as ActorKind
from recordsvc.access.looked import Look
from recordsvc.archive import (
    bound_statements,
    confirm,
    dispute_follower,
    disputes,
    formats,
    held,
    looked_statements,
    tables,
)
from recordsvc.archive.held import Releaser
from recordsvc.archive.keyevents import KeyAction
from recordsvc.exports import acks as feed_acks
from recordsvc.exports import lines
from recordsvc.exports.acks import Ack
from recordsvc.exports.following import Feeds
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, SeededRandom, beijing_date
from recordsvc.ground.privileges import APPLICATION_ROLE, OWNER_ROLE, erasing
from recordsvc.house import House, open_house
from recordsvc.money.funds import moves
from recordsvc.money.funds.moves import Move
from recordsvc.money.ledger import accounts, booking, seals
from recordsvc.money.ledger.accounts import Account
from recordsvc.money.ledger.values import Posting, hold, move, settle, undo, void
from recordsvc.money.rules import catalogue, decisions, lifecycle, pack, parsing, registers, simulating
from recordsvc.oversight import committing, draws, inspecting
from recordsvc.oversight.committing import Asked
from recordsvc.oversight.subjects import InstitutionsInForce
from recordsvc.people import synthetic
from recordsvc.people.cardbook import CardFact
from recordsvc.people.enrolling import Enrolment
from recordsvc.settings import Settings
from recordsvc.translog.note import SignatureType, Signer, parse_note
from recordsvc.translog.tables import checkpoint
from recordsvc.vault.keyfolder import create_keys
from tests.archive import restricted
from tests.archive.paperfiles import jpeg, png
from tests.archive.support import STATER, Centre, id_of, person, shown, state
from tests.exports.copies import agree, confirmed
from tests.exports.copies import register as register_client
from tests.faults import claims, exchanges, fees, recoveries
from tests.money.bank.desk import Desk
from tests.postgresql import PostgresServer

WITNESS = Signer.from_seed("witness.example/w1", b"w" * 32, SignatureType.COSIGNATURE)
DAY_MS = 86_400_000
WORKERS = 18
ROUNDS = 3
"""Records of each worker before the special ones: enough for what the special ones are about."""
STATEMENTS = 472
"""Entries that belong to nobody's chain, cheap to check: with them the log has two full tiles."""

_names = itertools.count(1)


@dataclasses.dataclass(frozen=True)
class Filled:
    """A house that was filled, and the address under which its owner does as they please."""

    house: House
    owner: str


def settings_in(folder: Path, application: str, owner: str, **more: object) -> Settings:
    """Settings of a service of one's own in a folder."""
    return Settings(
        environment="test",
        data_dir=folder,
        log_origin="log.example.test/records",
        audience="https://records.example.test",
        region=synthetic.uscc(1, registrar="11"),
        issuer_url="https://records.example.test",
        public_url="http://localhost",
        database_url=application,
        owner_database_url=owner,
        **more,
    )


def begin(settings: Settings, clock: FixedClock, seed: int = 1) -> House:
    """A house after its first run, at the test's time."""
    randomness = SeededRandom(seed)
    create_keys(settings.keys_dir, randomness.bytes)
    house = open_house(settings, clock, randomness)
    house.db.write(lambda turn: genesis._fix(turn, settings))
    house.log.create()
    house.db.write(lambda turn: genesis._register_region(turn, house))
    return house


def addresses(dialect: str, request: pytest.FixtureRequest, folder: Path) -> tuple[str, str]:
    """Addresses of a new database at the newest revision: the application's and an almighty owner's."""
    if dialect == "sqlite":
        path = folder / "recordsvc.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}", f"sqlite:///{path}"
    server: PostgresServer = request.getfixturevalue("postgresql")
    name = f"faults_{next(_names)}"
    server.execute(f"CREATE DATABASE {name} TEMPLATE template OWNER {OWNER_ROLE}")
    return server.url(name, APPLICATION_ROLE), server.url(name)


def filled(dialect: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Filled]:
    """A filled region on one database; the body of a fixture."""
    application, owner = addresses(dialect, request, folder)
    settings = settings_in(
        folder, application, owner, witness_urls=("http://127.0.0.1:9",), witness_keys=(WITNESS.key.vkey(),)
    )
    clock = FixedClock()
    house = begin(settings, clock)
    fill(house, clock)
    _cosign(house)
    yield Filled(house, owner)
    house.close()


def fill(house: House, clock: FixedClock) -> Centre:
    """Put one of everything into a house but cosignatures; no two commits share a millisecond."""

    def later() -> None:
        clock.advance(1_000)

    centre, other = Centre(house, 1), Centre(house, 2)
    people = [person(n, number=synthetic.card_number(n)) for n in range(WORKERS)]
    records = [[centre.completion(who, **_class(n)) for who in people] for n in range(ROUNDS)]
    house.db.write(partial(_state, house))
    for start in range(0, ROUNDS, 4):
        later()
        centre.enter(*(record for row in records[start : start + 4] for record in row))
    later()
    other.send([other.completion(who) for who in people[:5]], "each")
    later()
    first, second = records[0][0], records[0][1]
    revocation = centre.revocation(people[1], second)
    centre.enter(centre.correction(people[0], first), revocation)
    later()
    centre.enter(centre.restoration(people[1], second))
    _say(house, centre, people, later)
    _keys(other, later)
    _erase(house, centre, people[4], records[0][4], later)
    _seal(house, centre, [(people[n], records[n - 14][n]) for n in (14, 15)], later)
    _hold(house, centre, people, later)
    _file(house, centre, other, people, later)
    later()
    _cards(house, people)
    _look(house, centre, people, later)
    _share(house, [centre.worker_id(who) for who in people[8:12]], later)
    _feed(house, centre, people[8:10], records, later)
    _book(house, clock)
    paid = [centre.worker_id(who) for who in people[12:14]]
    house.db.write(lambda turn: claims.put(turn, paid))
    fees.put(house, (centre, other), [centre.worker_id(who) for who in people[14:18]], later)
    _act(house, later)
    _rules(house, centre.worker_id(people[9]), later)
    _pay(house)
    charged = [centre.worker_id(who) for who in people[14:18]]
    house.db.write(lambda turn: fees.debit(turn, ("employ", "unemp"), charged))
    house.db.write(lambda turn: recoveries.put(turn, paid))
    _draw(house, later)
    later()
    anchor.keep(house)
    return centre


def _class(n: int) -> dict[str, dict[str, str]]:
    """A class of its own for each round: what tells the same would be sealed with one."""
    return {"class": {"code": f"C{n}"}}


def _state(house: House, turn: Turn) -> None:
    """The service states what some later room makes of it."""
    said = [formats.service_statement(99, n.to_bytes(32)) for n in range(STATEMENTS)]
    house.log.turn(turn).append_all(said)


def _book(house: House, clock: FixedClock) -> None:
    """Two days of the ledger are closed, a third is open; one account is closed, a posting is refused."""
    # Codes of the chart: a book with another leaves no export (`account-untitled`).
    for n, code in enumerate(("fund.source", "fund.line", "fund.spent", "cash.bank")):
        account = Account(
            f"a{n}", "BUDGET", code, f"账户{n}", n % 2 == 1, f"F{n}", 2020 + n, f"64{n}", f"K{n}"
        )
        house.db.write(partial(accounts.open_account, account=account, by=f"official:{n}"))
    for day in range(3):
        clock.advance(DAY_MS)
        on = beijing_date(clock.now_ms() - day * DAY_MS).isoformat()
        legs = (
            (move("a0", "a1", 100 + day),),
            (hold("a1", "a2", 7 + day),),
            (settle(f"d{day}-1#1", 5 + day),),
        )
        legs += ((move("a2", "a3", 3 + day), move("a1", "a2", 2 + day)), (undo(f"d{day}-2#1"),))
        legs += ((hold("a1", "a3", 3),), (void(f"d{day}-5#1"),), (move("a3", "a0", 10_000 + day),))
        for n, some in enumerate(legs):
            clock.advance(1_000)
            actor = f"official:{n}{day}"
            posting = Posting(f"d{day}-{n}", some, f"code-{n}", actor, f"doc-{day}-{n}", on if n % 2 else "")
            house.db.write(partial(booking.book, posting=posting))
        if day == 1:
            house.db.write(partial(accounts.close_account, account_id="a2", reason="停用", by="official:9"))
        clock.advance(1_000)
        assert seals.keep(house) == min(day, 1)
    house.db.write(partial(accounts.close_account, account_id="a0", reason="撤销", by="official:8"))
    _budget(house, clock)


def _budget(house: House, clock: FixedClock) -> None:
    """Two budgets are allotted and shifted, each time by two other officials."""
    wanted = Move("allot", "EMPLOY_SUBSIDY", 2026, "640104", "TRAIN", 1_000, "文1", "下达")
    other = replace(wanted, fund="UNEMP_INS", year=2025, region="640105", kind="SKILL_UP", amount_fen=2_000)
    shifted = [
        replace(one, act="shift", amount_fen=300, to_region="640205", doc="文2") for one in (wanted, other)
    ]
    for n, one in enumerate((wanted, replace(other, doc="文3", reason="追加"), *shifted)):
        clock.advance(1_000)
        proposed = house.db.write(partial(moves.propose, wanted=one, by=f"official:{n}", random=house.random))
        clock.advance(1_000)
        deciding = partial(two_person.decide, proposal_id=proposed, by=f"official:{n + 4}", approve=True)
        house.db.write(partial(deciding, reason=f"同意{n}", role="reviewer"))
    line = wanted.line()
    holding = partial(booking.place_hold, source=line.account, target=line.expense, amount_fen=40)
    house.db.write(partial(holding, posting_id="held", code="accept", actor="official:9"))


def _pay(house: House) -> None:
    """Payments in several batches: settled, returned, rejected, waiting; lines, statements, breaks."""
    paying = Desk(house)
    paying.days(1)
    other = Desk(house, code="unemp", number="640100000000000002")
    for desk, first in ((paying, 0), (other, 10)):
        paid = [desk.pay(first + n, 150_000 + n) for n in range(4)]
        batch = desk.send()
        desk.report(batch, Told(desk.payment(paid[0]).end_to_end_id, "RJCT", "AC01"))
        desk.state_account(1, 10_000_000, desk.debit(paid[1]), desk.debit(paid[2], amount_fen=1))
        desk.notify(desk.credit(paid[1]))
        desk.receive(b"<torn")
        desk.explain("amount-differs")
        desk.pay(first + 5, 7_000)
        desk.seal()
        desk.days(1)
        desk.state_account(2, 9_849_998 - first, closing=5)
        desk.state_account(2, desk.closing(1), desk.credit(paid[1]))


def _share(house: House, workers: list[bytes], later: Callable[[], None]) -> None:
    """Each of these shares twice; some is used, a wrong code is tried, one consent ends."""
    for n, worker_id in enumerate(workers * 2):
        later()
        fields = ("title", "dates") if n % 2 else None
        receiver = ("link", "client:bank-1", "institution:91110000000000001A")[n % 3]
        until_ms = house.clock.now_ms() + (n + 1) * 3_600_000
        text = "share-1" if fields is None else "extract-1"
        wanted = Wanted(
            receiver, (bytes([n]) * 16,), SHARED_FOR[n % 2], text, until_ms, n + 2, n % 2 == 0, fields
        )
        given = house.db.write(partial(_give, house, worker_id, wanted, f"session-{n}", f"slip:{n}"))
        with house.db.read() as conn:
            mine = consents.of_workers(conn, [worker_id])
        found = next(one for one in mine if one.consent_id == given.consent_id)
        later()
        if n % 2 == 0:
            house.db.write(partial(_try, house, found))
        for _ in range(1 + n % 2):
            later()
            assert house.db.write(partial(_use, house, found))
        if n % 3 == 2:
            later()
            why = (Ended.WORKER, Ended.RESTRICTED)[n % 2]
            house.db.write(partial(_end, house, found, why))
        if n % 4 == 3:
            later()
            assert bound_statements.keep(house, now=True)


def _feed(
    house: House,
    centre: Centre,
    people: list[dict[str, str]],
    records: list[list[bytes]],
    later: Callable[[], None],
) -> None:
    """Two credit banks are told of two workers; one record is corrected, batches are acknowledged."""
    for name in ("bank-1", "bank-2"):
        register_client(house, name)
    mine = [[row[n] for row in records[:2]] for n in (8, 9)]
    workers = [centre.worker_id(who) for who in people]
    for who, worker_id, some in zip(people, workers, mine, strict=True):
        later()
        confirmed(house, worker_id, *some)
        agree(house, worker_id, *some)
        if who is people[0]:
            agree(house, worker_id, *some, bank="bank-2")
    feeds = Feeds(house)
    feeds.run()
    later()
    centre.enter(centre.correction(people[0], mine[0][0]))
    feeds.run()
    for n, (name, end) in enumerate((("bank-1", 2), ("bank-1", 4), ("bank-2", 2))):
        later()
        start = 0 if n % 2 == 0 else 2
        with house.db.read() as conn:
            count, root = lines.root(conn, name, start, end)
            said = [lines.cursor(conn, name, at) for at in (start, end)]
        feed_acks.take(house, name, Ack(f"ack-{n:04d}", *said, count, root))
    later()
    exchanges.fill(house, [centre.worker_id(who) for who in people], later)


SHARED_FOR = ("job-application", "skill-pay")


def _give(
    house: House, worker_id: bytes, wanted: Wanted, given_in: str, proof: str, turn: Turn
) -> consents.Given:
    return consents.give(turn, house.log, house.random, _mac(house), worker_id, wanted, given_in, proof)


def _mac(house: House) -> consents.Mac:
    return partial(house.keys.hmac, "login")


def _try(house: House, found: consents.Consent, turn: Turn) -> None:
    consents.try_code(turn, _mac(house), house.log, found, "wrong")


def _use(house: House, found: consents.Consent, turn: Turn) -> bool:
    return consents.use(turn, house.log, found)


def _end(house: House, found: consents.Consent, why: Ended, turn: Turn) -> None:
    consents.end(turn, house.log, [found.worker_id], why, found.consent_id)


def _act(house: House, later: Callable[[], None]) -> None:
    """Officials get roles and lose some, act alone, propose and decide; the last of it is not yet stated."""
    roles = (("ann", "handler", "11"), ("bob", "registrar", "1101"), ("cat", "reviewer", "64"))
    for account, role, area in roles:
        later()
        house.db.write(partial(_official, account, role, area))
    for n, (account, role, _area) in enumerate(roles):
        later()
        who = Actor(ActorKind.OFFICIAL, account, roles=frozenset({role}))
        kind = (Act.HELD_OPEN, Act.KEY_SUSPEND, Act.PAPER_LIST)[n]
        acts.record(house.db, house.random, OfficialAct(who, kind, f"subject-{n}", f"reason-{n}", f"K-{n}"))
    for n in range(4):
        later()
        proposed = house.db.write(partial(_propose, n))
        later()
        if n == 1:
            house.db.write(partial(two_person.withdraw, proposal_id=proposed, by="official:1", reason="误提"))
        elif n:
            decide = partial(two_person.decide, by=f"official:{n}", approve=False, reason=f"不符{n}")
            deciding = partial(
                decide, proposal_id=proposed, role="reviewer", standing_in_for=f"official:{n + 4}"
            )
            house.db.write(deciding)
        if n == 2:
            later()
            assert bound_statements.keep(house, now=True)


def _rules(house: House, worker_id: bytes, later: Callable[[], None]) -> None:
    """Rules are published and superseded, standards stated, cases decided, extracts taken."""
    rule = pack.samples()["EVAL"]
    texts = [rule.text.decode().replace("title: 职业", f"title: 第{n}版职业").encode() for n in range(4)]
    for n, text in enumerate(texts):
        later()
        sha256 = house.db.write(partial(lifecycle.draft, text=text, by=f"official:{n}"))
        later()
        house.db.write(partial(lifecycle.check, sha256=sha256))
        later()
        tried = simulating.simulate(parsing.parse(text), ())
        house.db.write(
            partial(simulating.note, random=house.random, asked=_asked(n), result=tried, by=f"official:{n}")
        )
        house.db.write(partial(lifecycle.simulated, sha256=sha256))
        proposed = house.db.write(
            partial(lifecycle.propose, sha256=sha256, reason=f"第{n}版", by=f"official:{n}")
        )
        row = {
            "occupation": f"6-18-02-0{n}",
            "level": str(5 - n),
            "title": f"工种{n}",
            "first": f"202{n}-01-01",
        }
        row |= {
            "last": None,
            "amount_fen": 100_000 + n,
            "min_hours": n,
            "shortage": n % 2 == 0,
            "key_list": n > 1,
        }
        stated = house.db.write(
            partial(catalogue.propose, document=f"公告{n}", rows=[row], by=f"official:{n}")
        )
        for proposal_id in (proposed, stated)[n % 2 :] if n == 3 else (proposed, stated):
            later()
            by = f"official:{n + 10}"
            house.db.write(
                partial(two_person.decide, proposal_id=proposal_id, by=by, approve=True, reason="核对无误")
            )
        later()
        given = dict(rule.examples[n].given) | {
            "fee_fen": 40_000 + n,
            "certificate_issued_on": f"2026-0{n + 1}-10",
        }
        made = rule.decide(parsing.example_facts(given))
        house.db.write(
            partial(
                decisions.store,
                random=house.random,
                worker_id=worker_id,
                made=made,
                region=f"64010{n}",
                by=f"official:{n}",
            )
        )
        name = ("deaths", "pension", "payroll", "deaths")[n]
        extract = registers.read(
            name, f"2024-0{n + 1}-01", f"某局{n}", f"证件号码\n{n}\n".encode() * (n + 1), "2025-01-01"
        )
        house.db.write(partial(registers.take, house=house, extract=extract, by=f"official:{n}"))


def _asked(n: int) -> dict[str, str]:
    return {"first": f"202{n}-01-01", "last": f"202{n}-12-31", "region": ""}


def _official(account: str, role: str, area: str, turn: Turn) -> None:
    officials.add(turn, account, account)
    until_ms = turn.now_ms + int(area) * 1_000_000
    officials.grant(turn, account, role, area, by=f"command:{area}", until_ms=until_ms)
    officials.revoke(turn, account, role, by=f"official:{role}")
    officials.grant(turn, account, role, area, by=f"command:2{area}", until_ms=until_ms + 1)


def _propose(n: int, turn: Turn) -> bytes:
    payload = {"held": [], "reason": f"理由{n}", "worker_id": None}
    return two_person.propose(turn, held.RELEASE, f"{n} held", payload, "official:1")


def _look(house: House, centre: Centre, people: list[dict], later: Callable[[], None]) -> None:
    """Officials and a machine look, over three statements; a last look stands behind them."""
    who = [
        Actor(ActorKind.OFFICIAL, "ann", roles=frozenset({"handler"})),
        Actor(ActorKind.CLIENT, "bank-1", roles=frozenset({"receiver"})),
        Actor(ActorKind.OFFICIAL, "bob", roles=frozenset({"inspector"})),
    ]
    why = ("claim-review", "registered-exchange", "inspection")
    for n in range(13):
        later()
        look = Look(
            centre.worker_id(people[n % 7]), who[n % 3], why[n % 3], ("identity", "records")[n % 2], f"K-{n}",
            f"request{n}",
        )  # fmt: skip
        looked.record(house, [look])
        if n % 4 == 3:
            later()
            assert looked_statements.keep(house, now=True)


def _say(house: House, centre: Centre, people: list[dict], later: Callable[[], None]) -> None:
    """Three workers speak; two of them contest, and say more."""
    for who, verb in ((people[2], "confirm"), (people[3], "contest"), (people[9], "contest")):
        later()
        worker_id = centre.worker_id(who)
        with house.db.read() as conn:
            own = tables.ciphertext.c
            record_id = (
                conn.execute(tables.ciphertext.select().where(own.worker_id == worker_id).order_by(own.seq))
                .first()
                .record_id
            )
        seen = shown(house, worker_id, record_id)
        if verb == "confirm":
            confirm.confirm(house, worker_id, seen, "page", STATER)
        else:
            confirm.contest(house, worker_id, seen, "page", STATER, "never-attended")
    dispute_follower.follower(house).run()
    with house.db.read() as conn:
        cases = disputes.of_issuer(conn, centre.uscc)
    for case in cases * 2:
        later()
        house.db.write(partial(_speak, house, case.dispute_id))


def _speak(house: House, dispute_id: bytes, turn: Turn) -> None:
    disputes.say(turn, house, dispute_id, "worker", "worker:1", "我那天在外地。")


def _keys(centre: Centre, later: Callable[[], None]) -> None:
    for action, since_ms in (
        (KeyAction.SUSPEND, 0),
        (KeyAction.LIFT, 0),
        (KeyAction.SUSPECT, 1_760_000_000_000),
        (KeyAction.REVOKE, 0),
    ):
        later()
        centre.act(action, since_ms)


def _cards(house: House, people: list[dict]) -> None:
    """The registry speaks of cards: of holders, of a card that another claimed, of strangers."""
    happened = [
        ("issued", "2020-01-02", ""),
        ("social-activated", "2020-01-05", ""),
        ("frozen", "2024-01-01", ""),
    ]

    def fact(who: dict, number: int, count: int) -> CardFact:
        named = (who["document"], who["number"], who["name"])
        events = tuple(happened[:count])
        return CardFact(*named, synthetic.card_number(number), "extract:2025-10-01", events=events)

    facts = [fact(who, n, 1 + n % 3) for n, who in enumerate(people[:12])]
    facts.append(fact(people[12], 13, 2))
    facts += [fact(person(n), n, 2) for n in range(900, 904)]
    house.db.write(lambda turn: Enrolment(turn, house.people, house.keys, house.random).take(facts))


def erase(house: House, worker_id: bytes, record_id: str, seq: int, n: int) -> None:
    """Erase one record: an entry of the region says so, and the ciphertext goes."""
    decision = {
        "decided_by": "official:2",
        "proposal": "0199c0de-0000-7000-8000-000000000001",
        "proposed_by": "official:1",
    }
    body = {
        "decision": decision,
        "erases": record_id,
        "ground": "unlawful",
        "scope": "record",
        "text": "依法删除",
    }
    state(house, worker_id, "erasure", body, seq, n)

    def remove(turn: object) -> None:
        own = tables.ciphertext
        with erasing(turn.conn):
            turn.conn.execute(own.delete().where(own.c.worker_id == worker_id, own.c.seq == seq))

    house.db.write(remove)


def _erase(house: House, centre: Centre, who: dict, record: bytes, later: Callable[[], None]) -> None:
    later()
    erase(house, centre.worker_id(who), id_of(record), 0, 1)


def _seal(house: House, centre: Centre, sealed: list[tuple[dict, bytes]], later: Callable[[], None]) -> None:
    """Restrict a record of each, with what corrected it."""
    for who, record in sealed:
        later()
        centre.enter(centre.correction(who, record))
        later()
        restricted.seal(house, centre.worker_id(who), uuid.UUID(id_of(record)).bytes)


def _hold(house: House, centre: Centre, people: list[dict], later: Callable[[], None]) -> None:
    """Three records with a name that differs: one waits, one is released by two people, one is returned."""
    answer = centre.send([centre.completion({**who, "name": "丁不同"}) for who in people[5:8]])
    assert [row.held for row in answer.rows] == ["name-differs"] * 3
    with house.db.read() as conn:
        waiting = held.waiting(conn)
    later()
    release(house, waiting[0].held_id, centre.worker_id(people[5]))
    later()
    house.db.write(lambda turn: held.give_back(turn, waiting[1].held_id, "查无此人"))


def _file(house: House, centre: Centre, other: Centre, people: list[dict], later: Callable[[], None]) -> None:
    """Two workers and two institutions have papers, two each."""
    owners = (centre.worker_id(people[0]), centre.worker_id(people[1]), centre.uscc, other.uscc)
    for n, owner in enumerate((*owners, *owners)):
        later()
        kind = ("certificate-scan", "other")[n // 4]
        clerk = Actor(ActorKind.OFFICIAL, str(n))
        house.papers.keep(owner, (png, jpeg)[n // 4](n + 1), kind, f"第{n}份", clerk)


def release(house: House, held_id: bytes, worker_id: bytes | None) -> int:
    """Let two people release a held record; the number of records that entered."""
    worker = None if worker_id is None else str(uuid.UUID(bytes=worker_id))
    payload = {"held": [str(uuid.UUID(bytes=held_id))], "reason": "核对户口簿", "worker_id": worker}
    proposal = house.db.write(
        lambda turn: two_person.propose(turn, held.RELEASE, "1 held", payload, "official:1")
    )
    house.db.write(lambda turn: two_person.decide(turn, proposal, "official:2", True, "属实", tools=house))
    return Releaser(house).run()


def _cosign(house: House) -> None:
    """Let the witness cosign two checkpoints."""
    with house.db.read() as conn:
        newest = house.log.newest(conn)
        earlier = conn.execute(checkpoint.select().where(checkpoint.c.size > 100).limit(1)).first()
    for signed in (earlier, newest):
        line = WITNESS.sign(parse_note(signed.note).text, at=1_760_000_000).line()
        house.log.cosign(signed.size, WITNESS.key.name, line)


def _draw(house: House, later: Callable[[], None]) -> None:
    """Two draws of whom to inspect, the one published, the other reported once; a third is committed to."""
    register = InstitutionsInForce(house.institutions)
    house.draw_subjects[register.kind] = register
    for n, account in enumerate(("ivy", "jon", "kim", "lee")):
        later()
        house.db.write(partial(_inspector, account, f"640{n}"))
    day = beijing_date(house.clock.now_ms())
    made = []
    for n in range(3):
        later()
        on = (day + dt.timedelta(days=3 + n)).isoformat()
        asked = Asked("institution", "64", "fc3d", f"202527{n}", on, percent=(60, 100, 5)[n])
        made.append(house.db.write(partial(_commit, house, asked, ("ivy", "jon", "kim")[n])))
    house.clock.advance(6 * 86_400_000)
    for n, draw_id in enumerate(made[:2]):
        value, by = ("407", "118")[n], ("official:kim", "official:lee")[n]
        later()
        house.db.write(partial(_turned, committing.reveal, house, draw_id=draw_id, value=value, by=by))
        later()
        assign_by = ("official:jon", "official:ivy")[n]
        house.db.write(partial(_turned, inspecting.assign, house, draw_id=draw_id, by=assign_by))
        _inspect(house, draw_id, later, (2, 1)[n])
    later()
    house.db.write(partial(_turned, inspecting.publish, house, draw_id=made[0], by="official:lee"))


def _inspector(account: str, area: str, turn: Turn) -> None:
    officials.add(turn, account, account)
    officials.grant(turn, account, "inspector", "64", by=f"command:{area}")


def _commit(house: House, asked: Asked, account: str, turn: Turn) -> bytes:
    who = officials.present(turn.conn, account).actor(turn.now_ms, house.settings.region)
    return committing.commit(house, turn, asked, who, f"official:{account}")


def _turned(act: Callable[..., None], house: House, turn: Turn, **given: object) -> None:
    act(house, turn, **given)


def _inspect(house: House, draw_id: bytes, later: Callable[[], None], words: int) -> None:
    """Report each object of a draw; with two words the second inspector confirms."""
    with house.db.read() as conn:
        seats, people = draws.seats(conn, draw_id), draws.people(conn, draw_id)
    for n, (object_id, codes) in enumerate(sorted(seats.items())):
        later()
        said = (("nothing-found", "mended")[n % 2], f"第{n}家", [f"{n + words:064x}"])
        first, second = (Actor(ActorKind.OFFICIAL, people[code]) for code in codes)
        given = {"draw_id": draw_id, "object_id": object_id}
        house.db.write(partial(_turned, inspecting.report, house, who=first, said=said, **given))
        written = house.clock.now_ms()
        later()
        if words == 2 or n == 0:
            house.db.write(
                partial(_turned, inspecting.confirm, house, who=second, reported_ms=written, **given)
            )
