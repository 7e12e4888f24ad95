"""A credit bank that takes outcomes, and workers with accounts at it."""

import flask
import pytest

from recordsvc.access.grants import Actor, Kind
from recordsvc.credits import own
from recordsvc.exports.following import Feeds
from recordsvc.ground.ports import uuid_text
from recordsvc.house import House
from tests.archive.support import Centre
from tests.exports.copies import Copy, application


class Bank(Copy):
    """What a bank asks and says at the doors of the exchange."""

    def batch(self, after: int) -> bytes | None:
        Feeds(self.house).run()
        answer = self.get(f"/v1/credits/batches?after={after}")
        assert answer.status_code in (200, 204), answer.text
        return answer.data if answer.status_code == 200 else None

    def say(self, path: str, body: dict[str, object]) -> list[str]:
        answer = self.post(f"/v1/credits/{path}", body)
        assert answer.status_code == 200, answer.text
        standings: list[str] = answer.json["standings"]
        return standings


def account(house: House, worker_id: bytes, number: str) -> None:
    """Have a worker enter their account number."""
    who = Actor(Kind.WORKER, uuid_text(worker_id), worker_id=worker_id)
    house.db.write(lambda turn: own.enter_account(turn, house, who, worker_id, number))


@pytest.fixture
def exchange_app(house: House) -> flask.Flask:
    return application(house)


@pytest.fixture
def bank(exchange_app: flask.Flask, house: House) -> Bank:
    return Bank(exchange_app, house, "bank-1")


@pytest.fixture
def other_bank(exchange_app: flask.Flask, house: House) -> Bank:
    return Bank(exchange_app, house, "bank-2")


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)
