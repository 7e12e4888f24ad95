"""Papers through every door: who may, what is answered, what each opening leaves, what never leaves."""

import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc.archive import tables
from recordsvc.ground.answers import FILE_HEADERS
from recordsvc.house import House
from recordsvc.submit import sign
from tests.archive.paperfiles import jpeg, multipart, pdf, png
from tests.journeys.desk import HOST, Centre, Journey

WHY = "purpose=claim-review&case_ref=K-1"
CANARY = "金丝雀640104199001010011"


@pytest.fixture
def centre(journey: Journey) -> Centre:
    return journey.centre()


@pytest.fixture
def number(journey: Journey, centre: Centre) -> str:
    return enter(journey, centre, 1)


def enter(journey: Journey, centre: Centre, n: int) -> str:
    who = journey.person(n)
    answer = journey.post(
        centre, "/v1/records", sign.single_body(centre.key, journey.completion(centre, who))
    )
    assert answer.status_code == 201
    return str(who["number"])


@pytest.fixture
def worker(journey: Journey, number: str) -> str:
    return journey.sign_in(number)


@pytest.fixture
def worker_id(journey: Journey, number: str) -> str:
    found = journey.house.people.find("resident-id", number)
    assert found is not None
    return str(uuid.UUID(bytes=found))


def form(data: bytes | None = None, **changed: Any) -> dict[str, Any]:
    given = {"kind": "commitment-letter", "title": "承诺书", **changed}
    return multipart(png() if data is None else data, f"{CANARY}.html", **given)


def upload(journey: Journey, who: str, path: str, data: bytes | None = None, **changed: Any) -> Any:
    client, token = journey.browser(who)
    headers = {"X-CSRF-Token": token, "Origin": HOST}
    return client.post(path, **form(data, **changed), headers=headers, base_url=HOST)


def file_of(journey: Journey, who: str, path: str) -> Any:
    return journey.browser(who)[0].get(path, base_url=HOST)


def count(house: House) -> int:
    with house.db.read() as conn:
        return int(conn.execute(sa.select(sa.func.count()).select_from(tables.paper)).scalar_one())


def safe(answer: Any, data: bytes, ending: str) -> None:
    """A file: the bytes that were filed, and nothing a browser would show or run."""
    assert (answer.status_code, answer.data) == (200, data)
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith('attachment; filename="paper-')
    assert disposition.endswith(f'.{ending}"')
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers.getlist("Content-Security-Policy") == [
        dict(FILE_HEADERS)["Content-Security-Policy"]
    ]
    assert "sandbox; default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_worker_files_lists_and_takes_out(journey: Journey, worker: str) -> None:
    answer = upload(journey, worker, "/v1/me/papers", pdf())
    assert answer.status_code == 201
    kept = answer.json
    assert (kept["media"], kept["kind"], kept["title"]) == ("application/pdf", "commitment-letter", "承诺书")
    assert upload(journey, worker, "/v1/me/papers", pdf(), title="again").json == kept
    assert journey.read(worker, "/v1/me/papers")["items"] == [kept]
    safe(file_of(journey, worker, f"/v1/me/papers/{kept['paper_id']}"), pdf(), "pdf")
    assert journey.read(worker, "/v1/me/looked")["items"] == []


def test_a_refusal_is_a_problem_and_files_nothing(journey: Journey, worker: str) -> None:
    cases = [
        ({"data": b"<script>alert(1)</script>"}, 422, "paper-type"),
        ({"data": b""}, 422, "paper-type"),
        ({"data": pdf(b"/OpenAction 1 0 R")}, 422, "paper-unsafe"),
        ({"data": png(text=b"x" * (8 << 20))}, 413, "too-large"),
        ({"data": bytes(17 << 20)}, 413, "too-large"),
        ({"kind": "photograph"}, 422, "form"),
        ({"title": "长" * 101}, 422, "form"),
        ({"title": "a\x00b"}, 422, "form"),
        ({"owner": "somebody"}, 422, "form"),
    ]
    for changed, status, code in cases:
        answer = upload(journey, worker, "/v1/me/papers", **changed)
        assert (answer.status_code, answer.json["code"]) == (status, code), changed.keys()
    client, _token = journey.browser(worker)
    assert client.post("/v1/me/papers", **form(), base_url=HOST).status_code == 403
    assert client.post("/v1/me/papers", json={}, base_url=HOST).status_code == 415
    assert count(journey.house) == 0
    assert list(journey.house.objects.names()) == []


def test_an_official_opens_for_a_purpose_and_the_worker_reads_it(
    journey: Journey, worker: str, worker_id: str
) -> None:
    path = f"/v1/desk/workers/{worker_id}/papers"
    kept = upload(journey, "handler", path, jpeg(), kind="police-proof").json
    assert kept["filed_by"].startswith("official:")
    one = f"{path}/{kept['paper_id']}"
    assert journey.read("handler", path, 400)["code"] == "parameter-invalid"
    assert journey.read("handler", f"{one}?purpose=curiosity&case_ref=K-1", 422)["code"] == "purpose"
    assert journey.read(worker, "/v1/me/looked")["items"] == []
    assert journey.read("reviewer", f"{path}?{WHY}")["items"] == [kept]
    safe(file_of(journey, "reviewer", f"{one}?{WHY}"), jpeg(), "jpg")
    looks = journey.read(worker, "/v1/me/looked")["items"]
    assert [(one["fields_seen"], one["purpose"], one["case_ref"]) for one in looks] == [
        (f"papers paper:{kept['paper_id']}", "claim-review", "K-1"),
        ("papers", "claim-review", "K-1"),
    ]
    assert "查看：材料" in journey.browser(worker)[0].get("/me/looked", base_url=HOST).text


def test_missing_and_foreign_papers_answer_alike(
    journey: Journey, centre: Centre, worker: str, worker_id: str
) -> None:
    kept = upload(journey, worker, "/v1/me/papers").json["paper_id"]
    other = journey.sign_in(enter(journey, centre, 2))
    nobody = uuid.UUID(int=7)
    answers = [
        file_of(journey, other, f"/v1/me/papers/{kept}"),
        file_of(journey, other, f"/me/papers/{kept}"),
        file_of(journey, worker, f"/v1/me/papers/{nobody}"),
        file_of(journey, "handler", f"/v1/desk/workers/{nobody}/papers/{kept}?{WHY}"),
        file_of(journey, "handler", f"/v1/desk/workers/{nobody}/papers?{WHY}"),
        file_of(journey, "handler", f"/v1/desk/workers/{worker_id}/papers/{nobody}?{WHY}"),
        upload(journey, "handler", f"/v1/desk/workers/{nobody}/papers"),
        journey.get(centre, f"/v1/institution/papers/{kept}"),
    ]
    assert {(one.status_code, one.json["code"]) for one in answers} == {(404, "not-found")}
    acts = journey.read("auditor", "/v1/desk/acts")["items"]
    assert [one["act"] for one in acts] == ["worker.archive-nothing"] * 2
    assert journey.read(other, "/v1/me/papers")["items"] == []


def test_an_institution_has_papers_of_its_own(journey: Journey, centre: Centre) -> None:
    def send(data: bytes, who: Centre = centre) -> Any:
        headers = {"Authorization": f"Bearer {journey.token(who)}"}
        client = journey.app.test_client()
        return client.post("/v1/institution/papers", **form(data), headers=headers, base_url=HOST)

    assert journey.get(centre, "/v1/institution/papers").json == {"items": []}
    kept = send(pdf()).json
    assert journey.get(centre, "/v1/institution/papers").json == {"items": [kept]}
    safe(journey.get(centre, f"/v1/institution/papers/{kept['paper_id']}"), pdf(), "pdf")
    acts = journey.read("auditor", "/v1/desk/acts")["items"]
    assert [(one["act"], one["subject"]) for one in acts] == [
        ("paper.open", f"{centre.uscc}/{kept['paper_id']}")
    ]


def test_nothing_personal_reaches_logs_or_object_names(
    journey: Journey, worker: str, worker_id: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = f"/v1/desk/workers/{worker_id}/papers"
    upload(journey, worker, "/v1/me/papers", png(text=CANARY.encode()), title=CANARY)
    upload(journey, worker, "/v1/me/papers", CANARY.encode(), title=CANARY)
    upload(journey, "handler", path, png(text=CANARY.encode() * 2), title=CANARY)
    upload(journey, worker, "/me/papers", b"", title=CANARY)
    said = capfd.readouterr()
    assert CANARY[-18:] not in said.out + said.err
    folder = journey.house.settings.data_dir
    for place in folder.rglob("*"):
        assert CANARY[-18:] not in place.name
        if place.is_file():
            assert CANARY.encode() not in place.read_bytes()
