"""The demo's money: claims in many states, one paid and one that came back from the bank."""

import datetime as dt

import pytest

from banksim.bank import Bank
from banksim.book import Book
from banksim.faults import Faults
from banksim.folder import Folder
from demo import bank
from demo.subsidies import CLOSED, STORIES, account_of
from recordsvc import democlaims
from recordsvc.money.bank import account_names, breaks, dispatch, inbox
from recordsvc.money.claims import paying, values, views
from tests.demo.test_load import background, loader, service, settings, small

__all__ = ["background", "loader", "service", "settings", "small"]


def test_accounts_are_no_two_workers_and_have_their_check_digit() -> None:
    numbers = {one.who: account_of(one.who) for one in STORIES}
    assert len(set(numbers.values())) == len(numbers)
    assert all(map(account_names.good_card, numbers.values()))
    assert (numbers["carer"],) == CLOSED


@pytest.fixture
def people(loader, service, small, house):
    """The named workers of a region that is loaded, with its paying account."""
    bank.connect(service)
    loader.run()
    named = [person for person in small.people if person.key]
    return {one.key: (house.people.find(one.document, one.number), one.name) for one in named}


@pytest.fixture
def banking(house, clock, tmp_path, monkeypatch):
    """Background process and bank, whenever the loader waits for them."""
    number = bank.ACCOUNT["number"]
    book = Book(tmp_path / "bank.db")
    book.open_fund(number, 100_000_000)
    folder = Folder(house.settings.bank_folder / bank.ACCOUNT["code"])
    simulated = Bank(book, folder, Faults({}, 1), number, eager=True, closed=CLOSED)

    def rest(_seconds: float) -> None:
        paying.run(house)
        dispatch.run(house)
        simulated.work(dt.datetime.fromtimestamp(clock.now_ms() / 1000, dt.UTC))
        inbox.run(house)

    monkeypatch.setattr(democlaims.time, "sleep", rest)
    yield
    book.close()


@pytest.mark.long
@pytest.mark.beside
def test_one_subsidy_arrives_one_comes_back_and_the_others_wait(people, banking, house, clock) -> None:
    def stand() -> dict[tuple[str, str], tuple[str, str, int]]:
        with house.db.read() as conn:
            keys = {worker_id: key for key, (worker_id, _name) in people.items()}
            found = values.listed(conn)
            return {(keys[it.worker_id], it.kind): (it.state, it.waits, it.version) for it in found}

    democlaims.load(house.settings, people, "640000", clock)
    states = {key: state for key, (state, _waits, _version) in stand().items()}
    assert states["welder", "TRAIN"] == "PAID"
    assert states["carer", "TRAIN"] == "RETURNED"
    assert states["new-card", "TRAIN"] == "NOTICED"
    assert states["dotted", "TRAIN"] == "REFUSED"
    assert states["graduate", "EVAL"] == "NEED_INFO"
    with house.db.read() as conn:
        assert breaks.listed(conn) == []
        (back,) = [one for one in values.listed(conn) if one.state == "RETURNED"]
        told = views.detailed(house, conn, back)["came_back"]
        assert all(
            views.detailed(house, conn, one)["came_back"] == "" for one in values.listed(conn) if one != back
        )
    assert told.startswith("银行退回：账户已销户。请持身份证和社保卡到人社窗口")

    before = stand()
    democlaims.load(house.settings, people, "640000", clock)
    assert stand() == before
