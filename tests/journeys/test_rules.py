"""Rules through their doors: all read, a handler writes, a reviewer publishes, a worker sees why."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from recordsvc.cli import main
from recordsvc.ground.ports import beijing_date
from recordsvc.money.rules import pack
from tests.journeys.desk import HOST, Centre, Journey
from tests.journeys.test_closed_centre import enter

EVAL = pack.samples()["EVAL"]
TEXT = EVAL.text.decode().replace("sample: true\n", "")
DESK = "/v1/desk/rules"


def post(journey: Journey, account: str, path: str, body: Any = None, **headers: str) -> Any:
    client, token = journey.browser(account)
    known = {"X-CSRF-Token": token, "Origin": HOST} | headers
    if isinstance(body, str):
        return client.post(path, data=body, content_type="application/yaml", base_url=HOST, headers=known)
    return client.post(path, json=body, base_url=HOST, headers=known)


def public(journey: Journey, path: str) -> Any:
    return journey.app.test_client().get(path, base_url=HOST)


def drafted(journey: Journey) -> str:
    made = post(journey, "handler", DESK, TEXT)
    assert (made.status_code, made.json["state"]) == (201, "DRAFT")
    return str(made.json["sha256"])


def test_everybody_reads_the_rules_and_the_catalogue_of_any_day(journey: Journey) -> None:
    today = public(journey, "/v1/rules").json
    assert {"SKILL_UP", "TRAIN"} <= {one["rule"] for one in today["items"]}
    assert all(one["sample"] for one in today["items"])
    assert "WORK_TRAIN" in {one["rule"] for one in public(journey, "/v1/rules?on=2020-06-01").json["items"]}
    one = public(journey, "/v1/rules/SKILL_UP?on=2025-06-01").json
    assert one["text"].encode() == pack.samples()["SKILL_UP"].text
    assert public(journey, "/v1/rules/SKILL_UP?on=2016-01-01").status_code == 404
    assert public(journey, "/v1/rules/NOTHING").status_code == 404
    assert public(journey, "/v1/rules?on=yesterday").json["code"] == "parameter-invalid"
    items = public(journey, "/v1/catalogue?on=2026-01-01").json["items"]
    assert {"occupation": "6-18-02-04", "level": "4", "sample": True}.items() <= next(
        one for one in items if (one["occupation"], one["level"]) == ("6-18-02-04", "4")
    ).items()

    def of_monitored(day: str) -> list[int]:
        found = public(journey, f"/v1/catalogue?on={day}").json["items"]
        mine = {"occupation": "6-18-02-04", "level": "5", "group": "poverty-monitored"}
        return [one["amount_fen"] for one in found if mine.items() <= one.items()]

    assert (of_monitored("2024-12-31"), of_monitored("2025-01-01")) == ([], [132_000])
    shown = {day: public(journey, f"/catalogue?on={day}").text for day in ("2024-12-31", "2025-01-01")}
    assert ["防止返贫监测对象" in text for text in shown.values()] == [False, True]


def test_a_rule_is_written_checked_tried_and_published_by_two(journey: Journey) -> None:
    sha256 = drafted(journey)
    assert post(journey, "handler", f"{DESK}/{sha256}/check").json["state"] == "CHECKED"
    asked = {"first": "2026-01-01", "last": "2026-12-31", "budget_fen": 100}
    assert journey.act("handler", f"{DESK}/{sha256}/simulate", asked, 200)["result"]["total"]["cases"] == 0
    proposal = journey.act("handler", f"{DESK}/{sha256}/publish", {"reason": "年度调整"})["proposal_id"]
    assert public(journey, "/v1/rules/EVAL").json["sample"] is True

    journey.decide("reviewer", proposal)

    found = public(journey, "/v1/rules/EVAL").json
    assert (found["sha256"], found["sample"]) == (sha256, False)
    shown = journey.read("auditor", f"{DESK}/{sha256}")
    assert (shown["state"], shown["simulation"]["asked"]["budget_fen"]) == ("PUBLISHED", 100)
    assert journey.read("auditor", DESK)["items"][0]["sha256"] == sha256


def test_a_repeated_draft_is_one_and_a_wrong_text_is_refused_whole(journey: Journey) -> None:
    key = {"Idempotency-Key": "draft-0001-0001-0001"}
    answers = [post(journey, "handler", DESK, TEXT, **key) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json == answers[1].json
    assert post(journey, "handler", DESK, TEXT).json["code"] == "rule-known"

    wrong = post(journey, "handler", DESK, TEXT.replace("value: 22000", "value: 220.00"))
    assert wrong.json["code"] == "rule-refused"
    assert [one["pointer"] for one in wrong.json["errors"]] == ["/params/floor_fen/0/value"]
    assert len(journey.read("handler", DESK)["items"]) == 1


@pytest.mark.parametrize("account", ["reviewer", "auditor", "inspector"])
def test_only_a_handler_writes(journey: Journey, account: str) -> None:
    assert post(journey, account, DESK, TEXT).status_code == 403
    assert journey.app.test_client().get(DESK, base_url=HOST).status_code == 401


def test_the_catalogue_is_published_by_two_and_wrong_rows_are_named(journey: Journey) -> None:
    row = {
        "occupation": "6-18-02-04",
        "level": "4",
        "title": "焊工",
        "first": "2026-01-01",
        "amount_fen": 123_400,
    }
    body = {"document": "某厅公告", "rows": [row, {**row, "level": "x"}]}
    refused = post(journey, "handler", "/v1/desk/catalogue", body)
    assert refused.json["code"] == "catalogue-refused"
    assert [one["pointer"] for one in refused.json["errors"]] == ["/rows/1/level"]

    proposal = journey.act("handler", "/v1/desk/catalogue", {"document": "某厅公告", "rows": [row]})[
        "proposal_id"
    ]
    journey.decide("reviewer", proposal)

    (item,) = public(journey, "/v1/catalogue?on=2026-05-01").json["items"]
    assert (item["amount_fen"], item["document"], item["sample"]) == (123_400, "某厅公告", False)
    assert public(journey, "/v1/catalogue?on=2025-05-01").json["items"] == []


def test_a_worker_sees_what_a_certificate_may_bring_why_and_why_not(journey: Journey) -> None:
    centre: Centre = journey.centre()
    who = journey.person(1)
    enter(journey, centre, journey.completion(centre, who))
    day = journey.house.clock.now_ms()
    enter(journey, centre, certificate(journey, centre, who, day))
    me = journey.sign_in(who["number"])
    assert journey.read(me, "/v1/me/entitlements")["items"] == []  # not confirmed: claims nothing
    for one in journey.read(me, "/v1/me/archive")["records"]:
        path = f"/v1/me/records/{one['record']['id']}/confirm"
        journey.act(me, path, {"seen": one["seen"]}, 201)

    found = {one["rule"]: one for one in journey.read(me, "/v1/me/entitlements")["items"]}

    assert "SKILL_UP" not in found  # a training certificate is none of its kinds
    assert all(one["sample"].startswith("样例") for one in found.values())
    (short,) = found["TRAIN"]["failed"]
    assert short["tell"] == "实际课时 60 课时，目录规定不少于 80 课时。"
    assert [one["source"][:6] for one in short["compared"]] == ["档案日志第 "]
    assert sorted(found) == ["LIVING", "TRAIN", "TRAIN_DAY"]
    assert journey.app.test_client().get("/v1/me/entitlements", base_url=HOST).status_code == 401


def test_the_page_says_why_and_what_would_change_it(journey: Journey) -> None:
    centre: Centre = journey.centre()
    who = journey.person(1)
    enter(journey, centre, certificate(journey, centre, who, journey.house.clock.now_ms()))
    me = journey.sign_in(who["number"])
    page = journey.browser(me)[0].get("/me/entitlements", base_url=HOST)
    assert "档案里还没有可以对照补贴规则的证书" in page.text
    for one in journey.read(me, "/v1/me/archive")["records"]:
        journey.act(me, f"/v1/me/records/{one['record']['id']}/confirm", {"seen": one["seen"]}, 201)

    page = journey.browser(me)[0].get("/me/entitlements", base_url=HOST)

    assert page.status_code == 200
    for words in ("样例", "实际课时 60 课时，目录规定不少于 80 课时", "培训补贴"):
        assert words in page.text
    assert "申请</button>" not in page.text
    assert journey.app.test_client().get("/me/entitlements", base_url=HOST).status_code in (303, 401)


def test_everybody_reads_the_pages_of_rules(journey: Journey) -> None:
    listed = public(journey, "/rules?on=2020-06-01").text
    assert "以工代训补贴" in listed
    assert "样例" in listed
    one = public(journey, "/rules/SKILL_UP").text
    assert "每人每年享受次数有限" in one
    assert pack.samples()["SKILL_UP"].sha256 in one
    assert public(journey, "/rules/WORK_TRAIN").status_code == 404
    assert "焊工" in public(journey, "/catalogue").text
    assert public(journey, "/catalogue?on=x").status_code == 400


def certificate(journey: Journey, centre: Centre, who: dict[str, Any], ms: int) -> bytes:
    today = beijing_date(ms).isoformat()
    body = {
        "certificate": {"number": "PX-2025-0001", "issued_on": today},
        "institution": {"uscc": centre.uscc, "name": centre.name},
        "class": {"code": "C1"},
        "project": "焊工（五级）培训",
        "training_type": "employment-skill",
        "occupation": {"edition": "2022", "code": "6-18-02-04", "name": "焊工"},
        "level": "5",
        "hours": {"theory_minutes": 900, "practice_minutes": 1800, "online_minutes": 0},
        "started_on": (dt.date.fromisoformat(today) - dt.timedelta(days=40)).isoformat(),
        "ended_on": (dt.date.fromisoformat(today) - dt.timedelta(days=10)).isoformat(),
    }
    return journey.record(centre, "training-certificate", who, body)


def test_the_commands_check_a_file(tmp_path: Path) -> None:
    path = tmp_path / "rule.yaml"
    path.write_text(TEXT, encoding="utf-8")
    good = CliRunner().invoke(main, ["rules", "check", str(path)])
    assert good.exit_code == 0
    assert "EVAL" in good.output
    path.write_text(TEXT.replace("GRANT: 22050", "GRANT: 1"), encoding="utf-8")
    bad = CliRunner().invoke(main, ["rules", "check", str(path)])
    assert bad.exit_code == 1
    assert "/tests/0" in bad.output
