"""The verification page while witnesses are behind or away: an open point, and nothing false."""

import re

import pytest

from recordsvc.house import House
from recordsvc.settings import Settings
from recordsvc.translog.note import SignatureType, Signer
from tests.web.conftest import Visitor
from tests.web.test_pages import sound
from tests.web.test_verify_page import changed, rewrite, upload

WITNESSES = [
    Signer.from_seed(f"witness.example/w{n}", bytes([n]) * 32, SignatureType.COSIGNATURE) for n in (1, 2)
]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Two witnesses, neither of which is running."""
    values = {name: getattr(settings, name) for name in Settings.__dataclass_fields__}
    return Settings(
        **values
        | {
            "witness_urls": ("http://127.0.0.1:1", "http://127.0.0.1:2"),
            "witness_keys": tuple(one.key.vkey() for one in WITNESSES),
        }
    )


def cosign(house: House, *witnesses: Signer) -> None:
    with house.db.read() as conn:
        newest = house.log.newest(conn)
    for one in witnesses:
        text = newest.note.split("\n\n")[0] + "\n"
        house.log.cosign(newest.size, one.key.name, one.sign(text, 1_700_000_000).line())


@pytest.mark.parametrize("signed", [0, 1])
def test_an_honest_bundle_without_all_witnesses_is_an_open_point_and_shows_its_records(
    me: Visitor, visitor: Visitor, house: House, signed: int
) -> None:
    cosign(house, *WITNESSES[:signed])
    answer = upload(visitor, me.get("/v1/me/bundle").data)

    sound(answer)
    assert "结论：尚未证明" in answer.text
    assert "不成立，不要采信" not in answer.text
    assert f"联署要求 2 个，只有 {signed} 个" in answer.text
    assert "文件里的记录" in answer.text
    said = " ".join(re.findall(r'<section class="found.*?</section>', answer.text, re.DOTALL))
    words = re.sub(r"<[^>]+>|witness\.example/w\d \S+", " ", said)
    assert re.search(r"[a-z]{2,} [a-z]{2,}", words) is None


def test_with_all_witnesses_it_is_proven(me: Visitor, visitor: Visitor, house: House) -> None:
    cosign(house, *WITNESSES)
    assert "结论：已证明" in upload(visitor, me.get("/v1/me/bundle").data).text


def test_a_changed_bundle_without_witnesses_is_still_refuted(me: Visitor, visitor: Visitor) -> None:
    text = upload(visitor, changed(me.get("/v1/me/bundle").data, rewrite)).text
    assert "结论：不成立" in text
    assert "文件里的记录" not in text


def test_a_bundle_carries_the_checkpoint_that_most_witnesses_signed(
    me: Visitor, visitor: Visitor, house: House
) -> None:
    cosign(house, *WITNESSES)
    with house.db.read() as conn:
        both = house.log.newest(conn).size
    house.db.write(lambda turn: house.log.turn(turn).append(b"\x00"))
    cosign(house, WITNESSES[0])

    told = me.get("/v1/me/bundle")
    assert told.json["checkpoint"].split("\n")[1] == str(both)
    assert "结论：已证明" in upload(visitor, told.data).text
    with house.db.read() as conn:
        assert house.log.cosigned(conn, both + 1)[0].size == both + 1  # never older than what is asked for
