"""An old welder whose certificates are on paper: imported, seen with their trust, later signed."""

import csv
import io
import json
import uuid
from pathlib import Path
from typing import Any

from recordsvc.archive import dispute_follower, importing
from recordsvc.archive.held import Releaser
from recordsvc.archive.importing import Plan
from recordsvc.ground.ports import beijing_date
from recordsvc.importfiles import PaperFile, Profile, by_name
from recordsvc.submit import sign
from recordsvc.web import words
from tests.archive.paperfiles import multipart
from tests.journeys.desk import HOST, Journey
from tests.journeys.test_wrong_person import archive_id

HEADINGS = ("姓名", "身份证号", "项目名称", "证书编号", "发证日期", "开班日期", "结业日期", "培训机构")


def line(worker: dict[str, Any], office: str, number: str = "培字2016-77") -> tuple[str, ...]:
    """One line of a register of old training certificates."""
    days = ("2016.5.20", "2016.3.1", "2016.5.10")
    return (str(worker["name"]), str(worker["number"]), "焊工培训", number, *days, office)


def test_a_file_is_tried_and_proposed_by_interface(journey: Journey) -> None:
    """Wrong rows and open questions by name; answered and approved, the rest enters once."""
    centre, worker = journey.centre(), journey.person(6)
    text = io.StringIO()
    rows = [line(worker, "某老技校"), line(journey.person(7), centre.name, "")]
    csv.writer(text).writerows([HEADINGS, *rows])
    stated = {"type": "training-certificate", "source": "paper-file", "vouched_by": "示范县就业局"}

    def send(path: str, **changed: str) -> Any:
        client, token = journey.browser("handler")
        case = {} if path.endswith("/try") else {"case_ref": "窗口2026-0012"}
        sent = multipart(text.getvalue().encode(), "old.csv", **stated | case | changed)
        headers = {"X-CSRF-Token": token, "Origin": HOST}
        return client.post(path, **sent, headers=headers, base_url=HOST)

    tried = send("/v1/desk/imports/try").json
    assert [(one["row"], one["code"]) for one in tried["errors"]] == [
        (2, "institution-code-missing"),
        (3, "certificate-number-missing"),
    ]
    assert tried["questions"] == [{"about": "institutions", "name": "某老技校"}]
    open_ = send("/v1/desk/imports")
    assert (open_.status_code, open_.json["code"]) == (422, "import-questions")
    assert open_.json["errors"][0]["pointer"] == "/profile/institutions/某老技校"
    for wrong in ("[]", "{", '{"institutions": 7}'):
        assert send("/v1/desk/imports/try", profile=wrong).status_code == 422

    answers = json.dumps({"institutions": {"某老技校": centre.uscc}})
    for wrong, code in (("1", "form"), (str(uuid.UUID(int=7)), "case-unknown")):
        refused = send("/v1/desk/imports", profile=answers, case_ref=wrong)
        assert (refused.status_code, refused.json["code"]) == (422, code)
    proposed = send("/v1/desk/imports", profile=answers)
    assert proposed.status_code == 202
    assert (proposed.json["ready"], proposed.json["refused"]) == (1, 1)
    assert send("/v1/desk/imports", profile=answers).json == proposed.json
    begun = send("/v1/desk/imports", profile=answers, vouched_by="另一个局")
    assert (begun.status_code, begun.json["code"]) == (409, "import-begun")
    journey.decide("reviewer", proposed.json["proposal_id"])
    assert importing.Importer(journey.house).run() == 1
    (run,) = journey.read("handler", "/v1/desk/imports")["items"]
    assert (run["state"], run["entered"], run["proposal_id"]) == ("done", 1, proposed.json["proposal_id"])
    assert run["reasons"] == [{"code": "certificate-number-missing", "count": 1}]
    me = journey.sign_in(worker["number"])
    (told,) = journey.read(me, "/v1/me/archive")["records"]
    assert (told["trust"], told["record"]["provenance"]["vouched_by"]) == ("bureau-vouched", "示范县就业局")

    seen = journey.read(me, f"/v1/me/records/{told['id']}")["state"]["seen"]
    said = {"seen": seen, "reason": "not-me", "text": "不是我的证书"}
    journey.act(me, f"/v1/me/records/{told['id']}/contest", said, 201)
    dispute_follower.follower(journey.house).run()
    (case,) = journey.read("handler", "/v1/desk/disputes")["items"]
    assert case["record_id"] == told["id"], "what the region vouched for, its own officials decide"
    path = f"/v1/desk/disputes/{case['dispute_id']}/decide"
    journey.act("handler", path, {"ground": "record-proven", "text": "档案原件与本人一致"})


def test_paper_certificates_are_seen_and_later_signed(journey: Journey, tmp_path: Path) -> None:
    centre, worker, house = journey.centre(), journey.person(5), journey.house
    path = tmp_path / "old.csv"
    with path.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows([HEADINGS, line(worker, centre.name)])
    today = beijing_date(house.clock.now_ms())
    papers = PaperFile(path, "training-certificate", Profile(), today, by_name([(centre.uscc, centre.name)]))
    plan = Plan(papers.sha256, "training-certificate", "paper-file", "示范县就业局", "official:clerk")
    list(importing.load(house, plan, papers.rows()))
    wanted = importing.run_id(house, plan)
    assert importing.refused(house, wanted) == []
    proposal = house.db.write(lambda turn: importing.propose(turn, wanted, plan))
    (waiting,) = journey.read("reviewer", "/v1/desk/proposals")["items"]
    assert "导入旧档案 1 条" in waiting["subject"]
    journey.decide("reviewer", waiting["id"])
    assert proposal.hex() == waiting["id"].replace("-", "")
    assert importing.Importer(house).run() == 1

    me = journey.sign_in(worker["number"])
    (told,) = journey.read(me, "/v1/me/archive")["records"]
    assert told["trust"] == "bureau-vouched"
    shown = journey.browser(me)[0].get("/me", base_url=HOST).text
    for text in ("登记机关担保转录", "纸质档案或台账", "示范县就业局", "第 2 行"):
        assert text in shown

    signed = journey.record(centre, "training-certificate", worker, told["record"]["body"])
    answer = journey.post(centre, "/v1/records", sign.single_body(centre.key, signed))
    assert answer.status_code == 202, "years late: two officials look at it first"
    (held,) = journey.read("handler", "/v1/desk/held")["items"]
    body = {"held": [held["held_id"]], "reason": "补签纸质证书"}
    proposed = journey.act("handler", "/v1/desk/held/release", body)
    journey.decide("reviewer", proposed["proposal_id"])
    assert Releaser(house).run() == 1
    old, new = journey.read(me, "/v1/me/archive")["records"]
    assert (old["superseded_by"], new["trust"]) == (new["id"], "issuer-signed")
    assert "以那一条为准" in journey.browser(me)[0].get(f"/me/records/{old['id']}", base_url=HOST).text

    # The signed one sealed alone would bring the paper's back: both officials see that it goes along.
    own = archive_id(journey, worker["number"])
    on, said = f"/v1/desk/workers/{own}/records/{new['id']}", {"text": "本人申请"}
    for act, ground, left in (
        ("restrict", "erasure-requested", "restricted"),
        ("erase", "unlawful", "erased"),
    ):
        proposed = journey.act("handler", f"{on}/{act}", {**said, "ground": ground})["proposal_id"]
        pages = [
            journey.browser(who)[0].get(f"/desk/proposals/{proposed}", base_url=HOST).text
            for who in ("handler", "data-officer")
        ]
        assert all("说同一事实的另外 1 条记录" in page for page in pages)
        assert ["焊工培训" in page for page in pages] == [False, True], "who decides sees which, and no more"
        assert words.type_title("training-certificate") in pages[1]
        assert "2016-77" not in pages[1]
        path = f"/v1/desk/proposals/{proposed}/records"
        journey.read("handler", path, 403)
        known = journey.read("data-officer", path)["items"]
        assert [(one["record_id"], one["along"]) for one in known] == [(new["id"], False), (old["id"], True)]
        assert {(one["type"], one["title"]) for one in known} == {("training-certificate", "焊工培训")}
        assert all(one["from_on"] for one in known)
        assert "2016-77" not in str(known)
        journey.decide("data-officer", proposed)
        page = journey.browser("data-officer")[0].get(f"/desk/proposals/{proposed}", base_url=HOST).text
        assert "焊工培训" not in page
        journey.read("data-officer", path, 403)
        answer = journey.browser(me)[0].get("/v1/me/archive", base_url=HOST)
        assert "2016-77" not in answer.text
        assert [one["life"] for one in answer.json["records"]] == [left, left]
    looks = journey.read(me, "/v1/me/looked")["items"]
    assert [one["purpose"] for one in looks].count("proposal-review") == 4
