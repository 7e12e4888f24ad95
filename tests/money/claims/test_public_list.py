"""What a public list (公示) tells, wherever it stands: the fields that the rules allow, and nothing else."""

import dataclasses
import uuid

import orjson
import pytest
import sqlalchemy as sa

from recordsvc.money.claims import notices
from recordsvc.money.claims.tables import claim_notice
from recordsvc.settings import Settings
from tests.archive.support import person
from tests.journeys.desk import HOST, Journey
from tests.money.claims.world import World


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return dataclasses.replace(settings, environment="demo", public_url="http://localhost")


@pytest.fixture
def journey(app, house, clock) -> Journey:
    return Journey(app, house, clock)


ALLOWED = {"n", "name", "kind", "occupation", "level", "amount_fen"}


def test_a_public_list_tells_masked_name_kind_occupation_level_and_amount_alone(
    world: World, journey: Journey
) -> None:
    people = [person(n) for n in (1, 2)]
    ones = [world.file(*world.certified(n)) for n in (1, 2)]
    for one in ones:
        world.bring(one, "REVIEWED")
    notice_id = world.publish(*ones)
    anyone = journey.app.test_client()
    path = f"/v1/claim-notices/{uuid.UUID(bytes=notice_id)}"
    said = [
        anyone.get(place, base_url=HOST)
        for place in (path, "/v1/claim-notices", path.removeprefix("/v1"), "/claim-notices")
    ]
    with world.house.db.read() as conn:
        stored = conn.scalar(sa.select(claim_notice.c.lines))

    told = said[0].json
    assert told.keys() == {
        "notice_id", "region", "sha256", "start_on", "end_on", "lines", "taken_down",
    }  # fmt: skip
    assert said[1].json == {"items": [told]}
    assert told["lines"] == orjson.loads(stored)
    assert [line.keys() for line in told["lines"]] == [ALLOWED, ALLOWED]
    for text in (*(one.text for one in said), stored):
        for who, one in zip(people, ones, strict=True):
            number = who["number"]
            secrets = (
                who["name"],
                number,
                number[6:14],
                number[-4:],
                one.worker_id.hex(),
                one.claim_id.hex(),
            )
            ids = (str(uuid.UUID(bytes=it)) for it in (one.worker_id, one.claim_id))
            for secret in (*secrets, *ids, one.certificate):
                assert secret not in text, secret
    # What search engines keep outlives the term.
    assert {one.headers["X-Robots-Tag"] for one in said} == {"noindex, nofollow"}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("马", "马*"),
        ("马晓", "马*"),
        ("马小梅", "马*梅"),
        ("买买提·吐尔逊江", "买******江"),
        ("𬭎鑫", "𬭎*"),
        ("Wang Wei", "W******i"),
    ],
)
def test_every_name_is_masked_and_keeps_no_more_than_its_ends(name: str, shown: str) -> None:
    assert notices.masked(name) == shown


def test_a_list_whose_term_is_over_is_nobody_s_to_read(world: World, journey: Journey) -> None:
    notice_id = world.publish(world.bring(world.file(*world.certified()), "REVIEWED"))
    place = f"/v1/claim-notices/{uuid.UUID(bytes=notice_id)}"
    anyone = journey.app.test_client()
    assert anyone.get(place, base_url=HOST).status_code == 200
    world.days(14)
    for path in (place, place.removeprefix("/v1")):
        assert anyone.get(path, base_url=HOST).status_code == 404
    assert anyone.get("/v1/claim-notices", base_url=HOST).json == {"items": []}
