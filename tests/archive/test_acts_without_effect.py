"""An act changes something: a record is revoked once, and only what was revoked is restored."""

import pytest

from recordsvc.house import House
from tests.archive.support import Centre, person, told


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house)


@pytest.mark.parametrize("together", [False, True])
def test_a_record_is_revoked_once_and_restored_once(centre: Centre, together: bool) -> None:
    worker, record = person(1), centre.completion(person(1))
    centre.enter(record)
    acts = [
        centre.restoration(worker, record),
        centre.revocation(worker, record),
        centre.revocation(worker, record),
        centre.restoration(worker, record),
        centre.restoration(worker, record),
        centre.revocation(worker, record),
    ]
    wanted = ["target-unfit", "", "target-unfit", "", "target-unfit", ""]
    answers = [centre.send(acts)] if together else [centre.send([one]) for one in acts]
    assert [row.problem.code if row.problem else "" for answer in answers for row in answer.rows] == wanted


def test_the_same_revocation_again_brings_the_same_receipt(centre: Centre) -> None:
    worker, record = person(1), centre.completion(person(1))
    centre.enter(record)
    act = centre.revocation(worker, record)
    assert [told(centre.send([act])) for _ in range(2)] == [["accepted"], ["duplicate"]]
