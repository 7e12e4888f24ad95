"""Certificates on paper: who takes them, what they say, and what the public check answers then and later."""

import asyncio
import io
import json
import re
import uuid
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pikepdf
import pytest

from recordsvc.access import looked
from recordsvc.archive import erasing
from recordsvc.archive.verify import verify_bundle
from recordsvc.exports.printed import content, needs, pdf
from recordsvc.exports.printed.content import RecordFacts
from recordsvc.ground.ports import beijing_date
from recordsvc.house import House
from recordsvc.people.resolve import Person
from recordsvc.web import words
from tests.archive.restricted import seal
from tests.archive.test_erasing import OFFICER, decide_erasure
from tests.web.conftest import Visitor
from tests.web.region import ASSESSOR, Region

pytestmark = pytest.mark.skipif(bool(needs.missing()), reason=f"not installed: {', '.join(needs.missing())}")


def taken(me: Visitor, path: str) -> bytes:
    answer = me.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "application/pdf"
    assert re.fullmatch(
        r'attachment; filename="certificate-[0-9a-f]{12}\.pdf"', answer.headers["Content-Disposition"]
    )
    return answer.data


def attached(data: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(data)) as opened:
        return bytes(opened.attachments[pdf.ATTACHED].get_file().read_bytes())


def code(monkeypatch: pytest.MonkeyPatch, me: Visitor, path: str) -> str:
    """The content of the code of a certificate that is taken now."""
    seen: list[str] = []
    make = content.make
    monkeypatch.setattr(content, "make", lambda *args: seen.append(make(*args)) or seen[-1])
    taken(me, path)
    monkeypatch.setattr(content, "make", make)
    return seen[0]


def asked(visitor: Visitor, text: str) -> Mapping[str, Any]:
    answer = visitor.client.post("/v1/certificates/check", json={"content": text})
    assert answer.status_code == 200, answer.text
    found: Mapping[str, Any] = answer.json
    return found


def looks(house: House, worker_id: bytes) -> list[tuple[str, str, str]]:
    with house.db.read() as conn:
        return [(one.actor_kind, one.purpose, one.fields) for one in looked.of_worker(conn, worker_id)]


def test_a_certificate_carries_the_bundle_that_proves_it(
    me: Visitor, house: House, ids: dict[str, str]
) -> None:
    data = taken(me, f"/v1/me/records/{ids['corrected']}/certificate")

    bundle = attached(data)
    report = verify_bundle(bundle, house.log.every_key(), region=house.settings.region)
    assert report.holds, report.text("en")
    opened = [one["record"]["type"] for one in json.loads(bundle)["entries"] if "record" in one]
    assert opened == ["training-completion", "correction"]
    with pikepdf.open(io.BytesIO(data)) as read:
        (file,) = {str(one.F): one for one in read.Root.AF}.values()
        assert str(file.AFRelationship) == "/Source"
        with read.open_metadata() as told:
            assert (told["pdfaid:part"], told["pdfaid:conformance"]) == ("3", "B")


def test_an_archive_is_printed_whole_or_as_chosen(me: Visitor, house: House, ids: dict[str, str]) -> None:
    whole = json.loads(attached(taken(me, "/v1/me/certificate")))
    some = json.loads(attached(taken(me, f"/v1/me/certificate?records={ids['first']},{ids['permit']}")))

    assert len([one for one in some["entries"] if "record" in one]) == 2
    assert len([one for one in whole["entries"] if "record" in one]) > len(ids)
    assert me.get(f"/v1/me/certificate?records={uuid.UUID(int=7)}").status_code == 404
    assert me.get("/v1/me/certificate?records=nothing-of-the-kind-is-an-id-of-a-rec").status_code == 400


def test_a_certificate_is_signed_where_an_event_loop_runs(me: Visitor) -> None:
    async def asked() -> bytes:
        return taken(me, "/v1/me/certificate")

    # A thread of its own: where Chromium is driven in this process, this one runs a loop already.
    with ThreadPoolExecutor(1) as beside:
        assert beside.submit(lambda: asyncio.run(asked())).result().startswith(b"%PDF-")


def test_nobody_else_takes_one(visitor: Visitor, me: Visitor, ids: dict[str, str]) -> None:
    paths = ("/v1/me/certificate", f"/v1/me/records/{ids['first']}/certificate")
    stranger, official = Visitor(me.app), Visitor(me.app).login("handler")

    assert [stranger.client.get(path).status_code for path in paths] == [401, 401]
    assert [official.client.get(path).status_code for path in paths] == [403, 403]


def test_the_check_tells_state_reason_and_date(
    monkeypatch: pytest.MonkeyPatch,
    me: Visitor,
    house: House,
    region: Region,
    worker: dict[str, Any],
    ids: Any,
) -> None:
    text = code(monkeypatch, me, f"/v1/me/records/{ids['certificate']}/certificate")
    anyone = Visitor(me.app)

    before = asked(anyone, text)
    assert (before["state"], before["unchanged"]) == ("active", True)
    assert before["name"] == worker["name"]
    assert before["number_tail"] == worker["number"][-4:]
    assert before["now"]["type"] == "职业技能等级证书"
    assert before["now"]["since"] == "2022-09-19"

    region.revoke(ASSESSOR, worker, ids["certificate"], "result-annulled", "只写给本人看的话")
    after = asked(anyone, text)
    assert (after["state"], after["unchanged"]) == ("revoked", False)
    assert after["printed"] == before["printed"]
    assert after["now"]["reason"]
    assert after["now"]["since"] == beijing_date(house.clock.now_ms()).isoformat()
    assert "只写给本人看的话" not in json.dumps(after, ensure_ascii=False)
    assert worker["number"] not in json.dumps(after)
    page = anyone.post("/check", csrf=False, content=text)
    assert "记录已被撤销" in page.text
    assert after["now"]["reason"] in page.text
    assert words.day(after["now"]["since"]) in page.text

    checks = [one for one in looks(house, region.worker_id(worker)) if one[1] == "certificate-check"]
    assert checks == [("anyone", "certificate-check", "records")] * 3
    assert me.get("/me/looked").text.count("持有您纸质证明的人") == 3


def test_a_revoked_certificate_says_so_on_its_face(
    monkeypatch: pytest.MonkeyPatch, me: Visitor, house: House, ids: dict[str, str]
) -> None:
    text = code(monkeypatch, me, f"/v1/me/records/{ids['revoked']}/certificate")

    facts = content.read(text, content.known_keys(house.keys)).facts
    assert isinstance(facts, RecordFacts)
    assert (facts.state, facts.since) == ("已撤销", "2023-05-06")
    assert facts.reason
    assert "阅卷" not in facts.reason


def test_what_is_restricted_gives_nothing(
    monkeypatch: pytest.MonkeyPatch,
    me: Visitor,
    house: House,
    region: Region,
    worker: dict[str, Any],
    ids: Any,
) -> None:
    path = f"/v1/me/records/{ids['fresh']}/certificate"
    text, whole = code(monkeypatch, me, path), code(monkeypatch, me, "/v1/me/certificate")
    worker_id = region.worker_id(worker)

    seal(house, worker_id, uuid.UUID(ids["fresh"]).bytes)
    assert me.get(path).status_code == 423
    told = asked(me, text)
    assert (told["state"], told["now"]) == ("withheld", None)
    assert asked(me, whole)["unchanged"] is False

    other = code(monkeypatch, me, f"/v1/me/records/{ids['first']}/certificate")
    erasing.restrict(house, worker_id, "erasure-requested", "本人申请删除", OFFICER)
    assert me.get("/v1/me/certificate").status_code == 401  # and the session ended with it
    assert {(asked(me, one)["state"]) for one in (text, whole, other)} == {"withheld"}
    counted = len(looks(house, worker_id))

    decide_erasure(house, worker_id)
    assert {(asked(Visitor(me.app), one)["state"]) for one in (text, whole, other)} == {"gone"}
    assert len(looks(house, worker_id)) == counted


def test_a_place_that_is_somebody_elses_by_now_tells_nothing(
    monkeypatch: pytest.MonkeyPatch,
    me: Visitor,
    house: House,
    region: Region,
    worker: dict[str, Any],
    ids: Any,
) -> None:
    monkeypatch.setattr(content, "leaf_id", lambda _leaf: "0" * 16)
    text = code(monkeypatch, me, f"/v1/me/records/{ids['first']}/certificate")
    monkeypatch.undo()

    told = asked(me, text)

    assert (told["state"], told["now"], told["unchanged"]) == ("unknown", None, False)
    assert not [one for one in looks(house, region.worker_id(worker)) if one[1] == "certificate-check"]


def test_altered_contents_are_refused_in_words(
    monkeypatch: pytest.MonkeyPatch, me: Visitor, ids: dict[str, str]
) -> None:
    text = code(monkeypatch, me, f"/v1/me/records/{ids['first']}/certificate")
    altered = text[:-1] + ("A" if text[-1] != "A" else "Q")

    refused = me.client.post("/v1/certificates/check", json={"content": altered})
    page = me.post("/check", content=altered)

    assert (refused.status_code, refused.json["code"]) == (422, "certificate-content")
    assert refused.json["errors"][0]["pointer"] == "/content"
    assert page.status_code == 422
    assert "内容被改动过" in page.text or "内容不完整" in page.text


def test_an_archive_without_entries_has_a_certificate_that_says_so(
    monkeypatch: pytest.MonkeyPatch, visitor: Visitor, house: House, region: Region, worker: dict[str, Any]
) -> None:
    with house.db.read_raw() as cursor:
        named = Person(worker["document"], worker["number"], worker["name"])
        new = house.people.resolve(cursor, [named], "test")[0]
    house.db.write(lambda turn: house.db.bulk_all(turn.conn, house.people.rows([new.rows])))
    region.persona(worker)
    visitor.login()

    text = code(monkeypatch, visitor, "/v1/me/certificate")
    data = taken(visitor, "/v1/me/certificate")

    told = asked(visitor, text)
    assert (told["state"], told["index"], told["printed"]["records"]) == ("empty", None, 0)
    with pikepdf.open(io.BytesIO(data)) as opened:
        assert not opened.attachments


def test_a_character_without_a_glyph_is_no_gap_in_a_name(
    visitor: Visitor, house: House, region: Region
) -> None:
    from tests.web.region import person

    who = person("王\U00032389", 5)  # not assigned to anything a font could draw
    region.course(who, "2024-04-12", 5)
    region.persona(who)
    visitor.login()

    refused = visitor.client.get("/v1/me/certificate")

    assert (refused.status_code, refused.json["code"]) == (409, "paper-glyph")
    assert "U+32389" in refused.json["detail"]


def test_where_something_is_missing_only_certificates_are(
    monkeypatch: pytest.MonkeyPatch, me: Visitor, ids: dict[str, str]
) -> None:
    monkeypatch.setattr(needs, "missing", lambda: ("libpango-1.0-0", "fonts-noto-cjk"))

    refused = me.client.get("/v1/me/certificate")
    page = me.get("/v1/me/certificate")

    assert (refused.status_code, refused.json["code"]) == (503, "paper-unavailable")
    assert "libpango-1.0-0、fonts-noto-cjk" in refused.json["detail"]
    assert "不能出具纸质证明" in page.text
    assert me.get("/v1/me/bundle").status_code == 200
    assert me.get("/check").status_code == 200
    assert me.get("/check/offline.zip").status_code == 200
    assert [one["certificate"] for one in me.client.get("/v1/certificates/keys").json["keys"]] == [""]


def test_the_page_to_keep_holds_all_it_needs(visitor: Visitor) -> None:
    files = zipfile.ZipFile(io.BytesIO(visitor.get("/check/offline.zip").data))
    page = files.read("check/check.html").decode()

    assert sorted(files.namelist()) == ["check/check.html", "check/check.js", "check/style.css"]
    assert re.findall(r'(?:src|href)="([^"]+)"', page) == ["style.css", "check.js"]
    assert "<style" not in page
    assert not re.search(r"\son\w+=|\sstyle=", page)
    for (key,) in [json.loads(re.search(r'data-keys="([^"]+)"', page)[1].replace("&#34;", '"'))]:  # type: ignore[index]
        assert sorted(key) == ["ended_ms", "id", "x", "y"]
    online = visitor.get("/check")
    assert "script-src 'self'" in online.headers["Content-Security-Policy"]
    assert "unsafe" not in online.headers["Content-Security-Policy"]


def test_keys_are_published_with_their_certificate(visitor: Visitor, house: House) -> None:
    from asn1crypto import pem, x509

    (key,) = visitor.client.get("/v1/certificates/keys").json["keys"]
    _, _, der = pem.unarmor(key["certificate"].encode())
    found = x509.Certificate.load(der)

    assert found.subject.native["common_name"].startswith("职业技能培训档案")
    assert found.public_key["public_key"].native == house.keys.public("document").raw
    assert found.key_usage_value.native == {"digital_signature", "non_repudiation"}
    assert visitor.client.get("/v1/certificates/keys").json["keys"] == [key]
