"""What a QR code says: signed, read again, and refused when anything of it is changed."""

import base64
import dataclasses
from typing import Any

import pytest

from recordsvc.exports.printed import content
from recordsvc.exports.printed.content import ArchiveFacts, Head, RecordFacts
from recordsvc.exports.printed.errors import ContentUnreadable
from recordsvc.vault.keystore import KeyRing, Retired, Signing
from recordsvc.vault.signers import es256

HEAD = Head("0123456789ab", 1_764_000_000, 4_711, "ab" * 8, "买买提·阿不都热依木·𬭎鑫", "123X")
RECORD = RecordFacts(
    "职业技能等级证书", "焊工", "三级/高级工", "S000064", "中心", "2024-01-09", "有效", "", "2024-01-09"
)
ARCHIVE = ArchiveFacts(40, 39, "c2hh")
ADDRESS = "https://archive.example/check"


def key(n: int) -> Signing:
    return Signing(*es256(n.to_bytes(32)))


def ring(*numbers: int, retired: dict[int, int] | None = None) -> KeyRing:
    names = ["document", "document-2", "document-3"]
    gone = [Retired("document", key(n).public, at) for n, at in (retired or {}).items()]
    return KeyRing({names[at]: key(n) for at, n in enumerate(numbers)}, retired=gone)


def why(text: str, keys: KeyRing) -> str:
    with pytest.raises(ContentUnreadable) as caught:
        content.read(text, content.known_keys(keys))
    return str(caught.value.errors[0]["code"])


def resealed(said: list[Any]) -> str:
    """A payload of any members, truly signed."""
    import orjson

    raw = orjson.dumps(said)
    return f"{ADDRESS}#1.{content._b64(raw)}.{content._b64(key(1).sign(content.DOMAIN + raw))}"


@pytest.mark.parametrize("facts", [RECORD, ARCHIVE])
def test_what_was_signed_is_read(facts: content.Facts) -> None:
    made = content.make(ring(1), ADDRESS, HEAD, facts)

    found = content.read(made, content.known_keys(ring(1)))

    assert (found.head, found.facts) == (HEAD, facts)
    assert content.read(made.partition("#")[2], content.known_keys(ring(1))).facts == facts
    assert made.startswith("https://archive.example/check#1.")


def test_every_changed_character_is_noticed() -> None:
    made = content.make(ring(1), ADDRESS, HEAD, RECORD)
    start = made.index("#") + 3

    for at in range(start, len(made)):
        if made[at] != ".":
            other = "A" if made[at] != "A" else "B"
            assert why(made[:at] + other + made[at + 1 :], ring(1)) in ("form", "key", "signature"), at


def test_contents_of_others_are_refused() -> None:
    made = content.make(ring(1), ADDRESS, HEAD, RECORD)
    payload = made.partition("#1.")[2].partition(".")[0]
    bare = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    unbound = f"#1.{payload}.{content._b64(key(1).sign(bare))}"

    assert why(made, ring(2)) == "key"
    assert why(unbound, ring(1)) == "signature"  # a signature over the same bytes for something else
    assert why(made.replace("#1.", "#2."), ring(1)) == "form"
    assert why("", ring(1)) == "form"
    assert why("https://archive.example/check", ring(1)) == "form"
    assert why(made + "." + payload, ring(1)) == "form"
    assert why(made + "A" * 4_000, ring(1)) == "form"


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said[:-1],
        lambda said: [*said, ""],
        lambda said: ["x", *said[1:]],
        lambda said: [*said[:3], -1, *said[4:]],
        lambda said: [*said[:3], 1.5, *said[4:]],
        lambda said: [*said[:3], True, *said[4:]],
        lambda said: [*said[:4], 2**53, *said[5:]],
        lambda said: [*said[:6], None, *said[7:]],
        lambda said: {"r": said},
        lambda said: [[], *said[1:]],
    ],
)
def test_a_signed_payload_of_another_form_is_refused(change: Any) -> None:
    said = ["r", content.short_id(key(1).public), *dataclasses.astuple(HEAD), *dataclasses.astuple(RECORD)]

    assert content.read(resealed(said), content.known_keys(ring(1))).facts == RECORD
    assert why(resealed(change(said)), ring(1)) == "form"


def test_a_key_that_ended_stands_for_what_it_signed_before() -> None:
    made = content.make(ring(1), ADDRESS, HEAD, RECORD)
    at_ms = HEAD.printed_s * 1_000

    later, earlier = ring(2, retired={1: at_ms}), ring(2, retired={1: at_ms - 1})

    assert content.read(made, content.known_keys(later)).key.ended_ms == at_ms
    assert why(made, earlier) == "key-ended"


def test_the_newest_key_signs_and_an_old_folder_has_none() -> None:
    made = content.make(ring(1, 2), ADDRESS, HEAD, RECORD)

    assert content.read(made, content.known_keys(ring(1, 2))).key.public == key(2).public
    assert content.known_keys(KeyRing({})) == []
