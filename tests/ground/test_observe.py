"""One line per request, without anything personal; metrics by rule; pings by name."""

import io
import json
import logging
import subprocess
import sys
from typing import Any

import flask
import pytest

from recordsvc.access.policy import actor, door
from recordsvc.ground import observe
from recordsvc.ground.answers import answer
from recordsvc.ground.forms import Form, text
from tests.doors import WORKER, application, as_

# Synthetic throughout: a person number with a valid check digit, an old number, a card, a permit.
PERSON = "640102199001010012"
CANARIES = (
    PERSON,
    "64010219900101001X",
    "6222020000000000000",
    "640102900101001",
    "X00000019",
    "123456789",
    "H12345678",
)

bp = flask.Blueprint("t", __name__)


class AnyForm(Form):
    """One field."""

    number = text(1, 40, required=True)


@door(bp, "POST", "/take/<value>", policy="public", body=AnyForm, query=AnyForm, summary="t")
def take(value: str, form: dict[str, Any], query: dict[str, Any]) -> Any:
    observe.note(rows=3)
    return answer({})


@door(bp, "GET", "/mine", policy="own.archive.read", summary="t")
def mine() -> Any:
    return answer({"id": actor().id})


@door(bp, "GET", "/break/<value>", policy="public", summary="t")
def break_(value: str) -> Any:
    raise ValueError(value)


def lines(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capfd.readouterr().err.splitlines()]


def test_a_request_leaves_one_line_with_rule_and_time_and_no_path(capfd: pytest.CaptureFixture[str]) -> None:
    client = application(bp).test_client()
    response = client.post("/take/a?number=b", json={"number": "c"})

    (line,) = lines(capfd)
    assert line.keys() == {"at", "event", "request", "method", "rule", "status", "ms", "rows"}
    assert (line["event"], line["rule"], line["status"], line["rows"]) == ("request", "/take/<value>", 200, 3)
    assert line["request"] == response.headers["X-Request-Id"]


def test_an_actor_is_named_by_kind_and_pseudonym(capfd: pytest.CaptureFixture[str]) -> None:
    client = application(bp).test_client()
    for _ in range(2):
        client.get("/mine", **as_(client, "worker"))

    first, second = lines(capfd)
    assert first["actor"] == "worker"
    assert first["who"] == second["who"]
    assert WORKER.id not in json.dumps(first)


@pytest.mark.parametrize("canary", CANARIES)
def test_a_number_planted_anywhere_is_in_no_line_and_no_metric(
    canary: str, capfd: pytest.CaptureFixture[str]
) -> None:
    client = application(bp).test_client(use_cookies=False)
    places = ("User-Agent", "Referer", "Cookie", "X-Request-Id", "Idempotency-Key", "Origin")
    plants = dict.fromkeys(places, canary)
    client.post(f"/take/{canary}?number={canary}", json={"number": canary}, headers=plants)
    client.post(f"/take/{canary}?{canary}=1", json={canary: canary})
    client.get(f"/break/{canary}")
    client.get(f"/{canary}")
    client.open("/mine", method=canary)
    client.get("/mine", headers={"Authorization": f"Bearer {canary}"})
    client.get("/mine", environ_overrides={"HTTP_HOST": canary})
    found = capfd.readouterr().err + client.get("/metrics").text

    assert canary not in found


@pytest.mark.parametrize("canary", CANARIES)
def test_what_looks_like_a_number_is_starred_as_last_resort(canary: str) -> None:
    line = f'{{"text":"card {canary}, or 号码{canary}。"}}'.encode()

    assert canary.encode() not in observe.masked(line)
    assert len(observe.masked(line)) == len(line)


@pytest.mark.parametrize(
    "harmless",
    [b'"ms":1234567.89', b'"at":"2026-11-23T21:28:12.931792Z"', b'"index":12345678', b'"CHECKPOINT"'],
)
def test_times_positions_and_words_are_left_alone(harmless: bytes) -> None:
    assert observe.masked(harmless) == harmless


def test_masked_numbers_are_counted() -> None:
    client = application(bp).test_client()
    observe.log("fault", text=f"{PERSON} {PERSON}")

    assert "masked_numbers_total 2.0" in client.get("/metrics").text


def test_one_event_is_one_line_whatever_it_holds(capfd: pytest.CaptureFixture[str]) -> None:
    observe.log("odd", text='a\r\n{"event":"forged"}\x1b[31m\x00\u2028', thing=object())

    (line,) = capfd.readouterr().err.split("\n")[:-1]
    assert json.loads(line)["thing"] == "<object>"
    assert "\x1b" not in line


def test_the_standard_librarys_loggers_keep_their_values_to_themselves(
    capfd: pytest.CaptureFixture[str],
) -> None:
    error = ValueError(PERSON)
    record = logging.LogRecord(
        "gunicorn.error",
        logging.ERROR,
        "glogging.py",
        1,
        "Error handling request %s",
        (f"/take/{PERSON}?name=张三",),
        (ValueError, error, None),
    )
    observe.LineHandler().emit(record)

    (line,) = lines(capfd)
    assert (line["text"], line["from"]) == ("Error handling request ", "glogging.py:1")
    assert line["cause"][0] == "ValueError"
    assert PERSON not in json.dumps(line)
    assert "张三" not in json.dumps(line, ensure_ascii=False)


def test_the_place_of_an_exception_follows_its_causes_and_holds_no_value() -> None:
    error = ValueError(PERSON)
    error.__cause__ = KeyError(PERSON)
    found = observe.place(error)

    assert [entry for entry in found if " " not in entry] == ["ValueError", "KeyError"]
    assert PERSON not in repr(found)


def test_metrics_are_labelled_by_rule(capfd: pytest.CaptureFixture[str]) -> None:
    client = application(bp).test_client()
    client.post("/take/one?number=b", json={"number": "c"})
    client.post("/take/two?number=b", json={"number": "c"})
    client.get("/nothing/1")
    client.get("/nothing/2")
    metrics = client.get("/metrics").text

    assert 'requests_total{method="POST",rule="/take/<value>",status="200"} 2.0' in metrics
    assert 'requests_total{method="GET",rule="",status="404"} 2.0' in metrics
    assert 'request_seconds_count{method="POST",rule="/take/<value>"} 2.0' in metrics


@pytest.mark.parametrize(
    ("environ", "headers", "status"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, {}, 200),
        ({"REMOTE_ADDR": "::1"}, {}, 200),
        ({"REMOTE_ADDR": "10.0.0.1"}, {}, 404),
        ({"REMOTE_ADDR": "10.0.0.1"}, {"X-Forwarded-For": "127.0.0.1"}, 404),
        ({"REMOTE_ADDR": "127.0.0.1"}, {"X-Forwarded-For": "10.0.0.1"}, 404),
        ({"REMOTE_ADDR": "127.0.0.1"}, {"Forwarded": "for=10.0.0.1"}, 404),
        ({"REMOTE_ADDR": "10.0.0.1"}, {"Authorization": "Bearer wrong"}, 404),
        ({"REMOTE_ADDR": "10.0.0.1"}, {"Authorization": "Bearer a-long-token"}, 200),
    ],
)
def test_metrics_are_for_loopback_or_the_token(
    environ: dict[str, str], headers: dict[str, str], status: int
) -> None:
    client = application(bp, metrics_token="a-long-token").test_client()

    assert status == client.get("/metrics", environ_overrides=environ, headers=headers).status_code


def test_without_a_token_set_no_token_opens_the_metrics() -> None:
    client = application(bp).test_client()
    response = client.get(
        "/metrics", environ_overrides={"REMOTE_ADDR": "10.0.0.1"}, headers={"Authorization": "Bearer "}
    )

    assert response.status_code == 404


def test_ready_names_what_fails_and_not_why(capfd: pytest.CaptureFixture[str]) -> None:
    app = application(bp)
    observe.ping(app, "well", lambda: None)
    observe.ping(app, "ill", lambda: io.BytesIO().fileno())
    client = app.test_client()
    response = client.get("/readyz")

    assert (response.status_code, response.json) == (503, {"ok": ["well"], "failing": ["ill"]})
    assert client.get("/healthz").status_code == 200
    assert [line["ping"] for line in lines(capfd) if line["event"] == "ping_failed"] == ["ill"]


def test_processes_that_share_a_folder_count_together(tmp_path: Any) -> None:
    program = f"""
import sys
from tests.doors import application
client = application(metrics_dir={str(tmp_path)!r}).test_client()
client.get("/healthz")
print(client.get("/metrics").text)
"""
    said = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]

    assert 'requests_total{method="GET",rule="/healthz",status="200"} 1.0' in said[0]
    assert 'requests_total{method="GET",rule="/healthz",status="200"} 2.0' in said[1]
