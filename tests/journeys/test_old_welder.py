"""An old welder whose certificates are on paper: imported, seen with their trust, later signed."""

import csv
from pathlib import Path

from recordsvc.archive import importing
from recordsvc.archive.held import Releaser
from recordsvc.archive.importing import Plan
from recordsvc.ground.ports import beijing_date
from recordsvc.importfiles import PaperFile, Profile, by_name
from recordsvc.submit import sign
from tests.journeys.desk import HOST, Journey

HEADINGS = ("姓名", "身份证号", "项目名称", "证书编号", "发证日期", "开班日期", "结业日期", "培训机构")


def test_paper_certificates_are_seen_and_later_signed(journey: Journey, tmp_path: Path) -> None:
    centre, worker, house = journey.centre(), journey.person(5), journey.house
    path = tmp_path / "old.csv"
    with path.open("w", encoding="gb18030", newline="") as file:
        days = ("2016.5.20", "2016.3.1", "2016.5.10")
        line = (worker["name"], worker["number"], "焊工培训", "培字2016-77", *days, centre.name)
        csv.writer(file).writerows([HEADINGS, line])
    today = beijing_date(house.clock.now_ms())
    papers = PaperFile(path, "training-certificate", Profile(), today, by_name([(centre.uscc, centre.name)]))
    plan = Plan(papers.sha256, "training-certificate", "paper-file", "示范县就业局", "official:clerk")
    list(importing.load(house, plan, papers.rows()))
    wanted = importing.run_id(house, plan)
    assert importing.refused(house, wanted) == []
    proposal = house.db.write(lambda turn: importing.propose(turn, wanted, plan.by))
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
