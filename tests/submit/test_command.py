"""The whole way of a roster: understood, answered, signed, sent, interrupted, changed, receipted."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from recordsvc.cli_verify import verify
from recordsvc.ground.ports import SeededRandom
from recordsvc.submit import keys, send
from recordsvc.submit.cli import submit
from recordsvc.submit.state import State
from recordsvc.translog.proofs import LogProof
from tests.archive.bundle_maker import NoteSigner
from tests.submit.fake_service import ISSUER, FakeService
from tests.submit.rosters import ANSWERS, people, workbook

HEADINGS = ["姓名", "身份证号码", "社保卡卡号", "职业", "成绩"]
A, B, C = people(3)


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "centre.jwk"
    jwk = keys.new_private_jwk("EdDSA", "centre-1", SeededRandom(9), client_id="centre-a")
    keys.write_private_jwk(
        path, jwk | {"audience": "recordsvc-demo", "environment": "demo", "token_issuer": ISSUER}
    )
    return path


@pytest.fixture
def service(key_file, monkeypatch):
    monkeypatch.setattr(send, "_FIRST_WAIT", 0.001)
    fake = FakeService(keys.read_key(key_file))
    yield fake
    fake.close()


@pytest.fixture
def centre(tmp_path, key_file, service):
    """Runs the command on a roster of given rows and returns (exit code, what the terminal showed)."""
    folder = tmp_path / "centre"
    folder.mkdir()
    (folder / "answers.json").write_text(json.dumps(ANSWERS), encoding="utf-8")

    class Centre:
        roster = folder / "roster.xlsx"
        answers = True

        def put(self, *rows) -> None:
            workbook(self.roster, [HEADINGS, *rows])

        def run(self, *more: str):
            answers = ("--answers", str(folder / "answers.json")) if self.answers else ()
            result = CliRunner().invoke(
                submit,
                [str(self.roster), "--key", str(key_file), "--to", service.url, "--yes", *answers, *more],
            )
            assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
            return result.exit_code, result.output

        def beside(self, ending: str) -> Path:
            return folder / f"roster.xlsx.{ending}"

        def errors(self) -> list[tuple]:
            return list(
                load_workbook(self.beside("errors.xlsx")).active.iter_rows(min_row=2, values_only=True)
            )

    made = Centre()
    made.put([*A, "A31818105", "焊工", 80], [*B, "B53378920", "焊工", "缺考"], [*C, None, "焊工", 55])
    return made


def types(batch):
    return [record["type"] for record in batch]


def test_a_roster_is_sent_once_with_receipts(centre, service):
    code, _ = centre.run()
    again, _ = centre.run()

    assert (code, again, len(service.batches)) == (0, 0, 1)
    assert types(service.batches[0]) == ["training-completion", "enrolment-outcome", "training-completion"]
    bodies = [record["body"] for record in service.batches[0]]
    assert [(body.get("result"), body.get("score"), body.get("outcome")) for body in bodies] == [
        ("passed", "80", None), (None, None, "absent"), ("failed", "55", None),
    ]  # fmt: skip
    assert service.batches[0][0]["worker"] == {
        "card": {"area": "640100", "number": "A31818105"}, "document": "resident-id",
        "name": A[0], "number": A[1],
    }  # fmt: skip
    receipts = json.loads(centre.beside("receipts.json").read_text())["records"]
    assert [one["status"] for one in receipts] == ["accepted"] * 3
    for one in receipts:
        proof = LogProof.parse((centre.roster.parent / one["receipt"]).read_bytes())
        assert proof.index == one["index"]


def test_everything_beside_the_roster_is_owner_only_and_the_terminal_shows_no_number(centre, service):
    centre.put([*A, "A31818105", "焊工", 80], [B[0], B[1][:-1] + "O", None, "焊工", 80])
    code, shown = centre.run("--report", str(centre.beside("report.json")))

    assert code == 1
    for path in centre.roster.parent.rglob("*"):
        if path.name not in ("roster.xlsx", "answers.json"):
            assert path.stat().st_mode & 0o077 == 0, path
    assert not any(number[:10] in shown for number in (A[1], B[1]))
    assert "A31818105" not in shown
    assert centre.errors()[0][3] == B[1][:-1] + "O"


def test_new_rows_are_sent_and_changed_ones_corrected(centre, service):
    centre.run()
    first = {record["worker"]["number"]: record for record in service.batches[0]}
    d = people(4)[3]
    centre.put(
        [*A, "A31818105", "焊工", 95],
        [*B, "B53378920", "焊工", "缺考"],
        [*C, None, "焊工", 55],
        [*d, None, "焊工", 70],
    )
    code, _ = centre.run()

    assert code == 0
    correction, new = service.batches[1]
    assert (correction["type"], new["worker"]["number"]) == ("correction", d[1])
    assert correction["body"]["corrects"] == first[A[1]]["id"]
    assert correction["body"]["whole"]["score"] == "95"
    assert centre.run()[0] == 0
    assert len(service.batches) == 2


def test_a_second_correction_still_points_at_the_first_record(centre, service):
    for score in (80, 85, 90):
        centre.put([*A, None, "焊工", score])
        centre.run()

    assert [batch[0]["body"].get("corrects") for batch in service.batches[1:]] == [
        service.batches[0][0]["id"]
    ] * 2


def test_what_no_correction_can_change_is_revoked_and_issued_anew(centre, service):
    centre.put([*A, None, "焊工", 80])
    centre.run()
    centre.put([*A, None, "焊工", "缺考"])
    code, _ = centre.run()
    centre.put([*A, None, "焊工", "缺考"])
    centre.run()

    assert code == 0
    assert types(service.batches[1]) == ["revocation", "enrolment-outcome"]
    assert service.batches[1][0]["body"]["revokes"] == service.batches[0][0]["id"]
    assert len(service.batches) == 2


def test_a_row_changed_back_is_a_change_and_one_written_otherwise_is_none(centre, service):
    for score in (80, 85, 80):
        centre.put([*A, None, "焊工", score])
        assert centre.run()[0] == 0
    assert [batch[0]["body"]["whole"]["score"] for batch in service.batches[1:]] == ["85", "80"]

    name, number = A
    centre.put([f" {name} ", f"{number[:6]} {number[6:]}", "A31818105", "焊工", "80.0"])
    assert centre.run()[0] == 0
    assert len(service.batches) == 3


def test_what_replaces_a_revoked_record_is_sent_until_it_is_taken_and_corrects_nothing(centre, service):
    """The revocation stands and the new record was refused: the revoked one takes no correction any more."""
    centre.put([*A, None, "焊工", 80])
    centre.run()
    taken = service.judge
    service.judge = lambda record: "rejected" if record["type"] == "enrolment-outcome" else taken(record)
    centre.put([*A, None, "焊工", "缺考"])
    assert centre.run()[0] == 1
    assert centre.run()[0] == 1
    centre.put([*A, None, "焊工", 70])
    assert centre.run()[0] == 0

    assert [types(batch) for batch in service.batches] == [
        ["training-completion"],
        ["revocation", "enrolment-outcome"],
        ["enrolment-outcome"],
        ["training-completion"],
    ]


def test_a_roster_sent_twice_without_its_state_is_told_row_by_row(centre, service):
    """What the service says of twins stands in the summary and, with the other record, in the error sheet."""
    said = {"code": "twin", "pointer": "/body/class", "detail": "疑似重复", "remedy": "撤销其中一条"}
    entered = service._row

    def warned(record, line, evidence):
        told = entered(record, line, evidence)
        if record["type"] == "training-completion":
            told["warnings"] = [said | {"record": f"other-of-{record['worker']['number'][-4:]}"}]
        return told

    service._row = warned
    code, shown = centre.run()
    assert code == 0
    assert "2 条与以前收录的记录疑似重复" in shown
    lines = [line for line in centre.errors() if line[9] == "twin"]
    assert [line[7] for line in lines] == [f"疑似重复：other-of-{who[1][-4:]}" for who in (A, C)]


def test_a_row_that_disappears_is_said_and_not_revoked(centre, service):
    centre.run()
    centre.put([*A, "A31818105", "焊工", 80])
    code, shown = centre.run()

    assert (code, len(service.batches)) == (0, 1)
    assert "2 条以前报送的记录现在不在表里" in shown


@pytest.mark.parametrize("failure", ["drop", 503, 429, 502])
def test_patience_with_a_service_that_comes_back(centre, service, failure):
    service.broken = [None, failure, failure]
    code, _ = centre.run()

    assert (code, len(service.batches)) == (0, 1)


def test_an_answer_that_was_lost_is_fetched_with_the_same_bytes(centre, service):
    service.broken = [None, "lose-answer"]
    code, _ = centre.run()

    assert code == 0
    assert service.batches[0] == service.batches[1]
    receipts = json.loads(centre.beside("receipts.json").read_text())["records"]
    assert [one["status"] for one in receipts] == ["duplicate"] * 3


def test_a_run_that_never_reached_the_service_is_resumed(centre, service):
    service.broken = [None, *["drop"] * send.ATTEMPTS]
    code, shown = centre.run()
    prepared = [json.loads(line) for line in centre.beside("submit-state.jsonl").read_text().splitlines()]
    again, _ = centre.run()

    assert (code, again) == (3, 0)
    assert "续传" in shown
    wanted = [event["record"] for event in prepared if event["event"] == "prepared"]
    assert [json.loads(record) for record in wanted] == service.batches[0]
    assert len(service.stored) == 3


def test_a_changed_row_waits_until_the_fate_of_the_first_is_known(centre, service):
    service.broken = [None, *["lose-answer"] * send.ATTEMPTS]
    assert centre.run()[0] == 3
    centre.put([*A, "A31818105", "焊工", 81], [*B, "B53378920", "焊工", "缺考"], [*C, None, "焊工", 55])
    code, _ = centre.run()

    assert code == 0
    assert types(service.batches[-1]) == ["correction"]
    assert service.batches[-1][0]["body"]["corrects"] in service.stored


def test_a_torn_last_line_of_the_resume_file_is_cut_off(centre, service):
    centre.run()
    path = centre.beside("submit-state.jsonl")
    path.write_bytes(path.read_bytes() + b'{"event":"prep')
    code, _ = centre.run()

    assert (code, len(service.batches)) == (0, 1)
    assert path.read_bytes().endswith(b"\n")


def test_a_damaged_resume_file_stops_the_run(centre, service):
    centre.beside("submit-state.jsonl").write_bytes(b'{"event":"unheard-of"}\n')

    assert centre.run()[0] == 2


def test_a_resume_file_that_was_edited_stops_the_run_in_one_sentence(centre, service):
    """Whatever member of whatever event is missing or of another kind: said, and nothing is sent."""
    centre.run()
    path = centre.beside("submit-state.jsonl")
    events = [json.loads(line) for line in path.read_text().splitlines()]
    assert {event["event"] for event in events} == {"answers", "prepared", "batch", "answered"}
    needed = {"answers", "id", "key", "row", "purpose", "root", "digest", "record", "ids", "jws", "status"}
    for place, event in enumerate(events):
        for name in sorted(needed & set(event)):
            for edited in ({k: v for k, v in event.items() if k != name}, event | {name: None}):
                lines = [*events[:place], edited, *events[place + 1 :]]
                path.write_text("".join(json.dumps(one) + "\n" for one in lines))
                code, shown = centre.run()
                assert (code, "续传记录" in shown) == (2, True), (name, event["event"])
    assert len(service.batches) == 1


def test_two_runs_at_once_are_refused(centre, service):
    state = State.open(centre.beside("submit-state.jsonl"))
    try:
        code, shown = centre.run()
    finally:
        state.close()

    assert code == 2
    assert "另一个窗口" in shown


def test_rows_the_service_refuses_stand_in_the_error_sheet_and_can_be_tried_again(centre, service):
    service.judge = lambda record: "rejected" if record["worker"]["number"] == A[1] else "accepted"
    code, _ = centre.run()
    errors = [(row[2], row[4], row[9]) for row in centre.errors() if row[9] == "plausible-age"]
    service.judge = lambda _: "accepted"
    again, _ = centre.run()

    assert (code, again) == (1, 0)
    assert errors == [(A[0], "服务未接受", "plausible-age")]
    assert service.batches[1] == [service.batches[0][0]]


def test_held_rows_wait_and_their_receipt_is_fetched_later(centre, service):
    service.judge = lambda record: "held" if record["worker"]["number"] == A[1] else "accepted"
    code, _ = centre.run()
    still, _ = centre.run()
    service.enter(next(iter(service.held)))
    done, _ = centre.run()

    assert (code, still, done) == (1, 0, 0)
    assert len(service.batches) == 1
    receipts = json.loads(centre.beside("receipts.json").read_text())["records"]
    assert [one["receipt"] is not None for one in receipts] == [True] * 3


def test_a_batch_the_service_refuses_is_explained(centre, service):
    service.broken = [None, 403]
    code, shown = centre.run()

    assert code == 5
    assert "unavailable" in shown


def test_an_expired_token_is_replaced_once(centre, service):
    centre.put([*A, None, "焊工", 80])
    original = service.token

    def stale(form):
        answer = original(form)
        if len(service.tokens) == 1:
            service.tokens.append("another")
        return answer

    service.token = stale

    assert centre.run()[0] == 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda answer: answer | {"nodes": {}},
        lambda answer: answer | {"checkpoint": "nonsense"},
        lambda answer: (
            answer | {"rows": [row | {"open": answer["rows"][0]["leaf"][:44]} for row in answer["rows"]]}
        ),
        lambda answer: answer | {"rows": [row | {"index": 0} for row in answer["rows"]]},
    ],
)
def test_receipts_that_prove_nothing_are_not_believed(centre, service, spoil):
    service.spoil = spoil
    code, shown = centre.run()

    assert code == 5
    assert "不能证明" in shown


def test_a_pinned_log_key_is_used(centre, service):
    assert centre.run("--log-key", service.signer.key.vkey())[0] == 0


def test_a_checkpoint_of_another_log_is_not_believed(centre, service):
    other = "records.example/log+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"

    assert centre.run("--log-key", other)[0] in (2, 5)


def test_missing_answers_are_listed_and_nothing_is_sent(centre, service):
    centre.answers = False
    code, shown = centre.run()

    assert (code, service.batches) == (4, [])
    for path in (
        "institution.*",
        "class.*",
        "training_type.*",
        "occupation.焊工",
        "started_on",
        "hours.*",
        "pass_mark",
    ):
        assert path in shown


def test_answers_are_remembered_those_of_the_class_with_the_file_only(centre, service, tmp_path):
    centre.run()
    centre.answers = False
    same_file, _ = centre.run()
    centre.roster = centre.roster.with_name("next.xlsx")
    centre.put([*A, "A31818105", "焊工", 80])
    code, shown = centre.run()

    assert (same_file, code) == (0, 4)
    missing = {line.split()[1].split("：")[0] for line in shown.splitlines() if line.startswith("缺少答案")}
    assert missing == {"class.*", "level", "started_on", "ended_on"}


def test_a_dry_run_needs_neither_key_nor_service_and_leaves_nothing_behind(centre, service, tmp_path):
    report = tmp_path / "out.json"
    result = CliRunner().invoke(submit, [str(centre.roster), "--dry-run", "--report", str(report)])
    content = json.loads(report.read_text())

    assert result.exit_code == 0
    assert [(row["row"], row["sheet_row"], row["class"], row["code"]) for row in content["rows"]] == [
        (1, 2, "ok", ""), (2, 3, "warn", "absent"), (3, 4, "ok", ""),
    ]  # fmt: skip
    assert (
        content["rows"][1] | {"column": "成绩", "cell": "E3", "name": B[0], "id": B[1]} == content["rows"][1]
    )
    assert {question["answer"] for question in content["questions"]} >= {
        "institution.*",
        "class.*",
        "hours.*",
    }
    assert sorted(path.name for path in centre.roster.parent.iterdir()) == ["answers.json", "roster.xlsx"]
    assert service.batches == []


def test_a_doubtful_column_stops_an_unattended_run(centre, service):
    workbook(centre.roster, [["姓名", "", "成绩", "职业"], [*A, 80, "焊工"], [*B, 90, "焊工"]])
    code, shown = centre.run()

    assert (code, service.batches) == (4, [])
    assert "columns.id" in shown


def test_a_formula_in_a_name_stays_text_in_the_error_sheet(centre, service):
    centre.put(["=1+1", A[1], None, "焊工", 80], ["'=cmd", B[1], None, "焊工", 80])
    book = load_workbook(centre.roster)
    book.active["A2"].value = "=HYPERLINK(1)"
    book.active["A2"].data_type = "s"
    book.save(centre.roster)
    centre.run()
    cells = [cell for row in load_workbook(centre.beside("errors.xlsx")).active.iter_rows() for cell in row]

    assert all(cell.data_type in ("s", "n") for cell in cells)


def test_the_service_has_to_be_reached_over_tls_or_on_this_machine(centre, key_file):
    result = CliRunner().invoke(
        submit, [str(centre.roster), "--key", str(key_file), "--to", "http://records.example", "--yes"]
    )

    assert result.exit_code != 0


def test_a_thousand_and_more_rows_go_in_batches_of_a_thousand(centre, service):
    centre.put(*([f"张{chr(0x4E00 + n)}", who[1], None, "焊工", 80] for n, who in enumerate(people(1_003))))
    code, _ = centre.run()

    assert code == 0
    assert [len(batch) for batch in service.batches] == [1_000, 3]


def test_what_an_interrupted_run_left_counts_as_sent(centre, service):
    centre.put(*([f"张{chr(0x4E00 + n)}", who[1], None, "焊工", 80] for n, who in enumerate(people(1_003))))
    centre.run()
    _forget_answers(centre.beside("submit-state.jsonl"), keep=1_001)
    again, shown = centre.run()

    assert again == 0
    assert "本次报送 2 条：早已入档 2；未变动 1001 行" in shown
    assert [len(batch) for batch in service.batches] == [1_000, 3, 2]
    idle, shown = centre.run()
    assert (idle, "本次报送 0 条：没有新的或改动的行；未变动 1003 行" in shown) == (0, True)


def test_receipts_as_they_were_written_prove_their_records(centre, service):
    centre.run()
    _forget_answers(centre.beside("submit-state.jsonl"), keep=0)
    centre.run()  # sent again in another batch: the log has each with the evidence of the first
    told = centre.beside("receipts.json")
    key = service.signer.key.vkey()

    def verified(proof, *more, record=told):
        said = [str(proof), "--log-key", key, "--record", str(record), *more]
        found = CliRunner().invoke(verify, said)
        assert not isinstance(found.exception, Exception), found.exception
        return found.exit_code, found.output

    proofs = sorted(centre.beside("receipts").iterdir())
    assert [verified(proof)[0] for proof in proofs] == [0] * 3
    content = json.loads(told.read_text())
    assert [len(one["evidence"]) for one in content["records"]] == [2] * 3
    # A receipt never has a cosignature: not proven, and not false for the evidence of the other batch.
    witness = NoteSigner("witness.example/w1", 4).vkey
    assert [verified(proof, "--witness-key", witness)[0] for proof in proofs] == [3] * 3
    bare = centre.beside("bare.json")
    bare.write_text(json.dumps({"record": content["records"][0]["record"], "evidence": []}))
    assert verified(proofs[0], record=bare)[0] == 2
    other = centre.beside("receipts") / "renamed.txt"
    other.write_bytes(proofs[0].read_bytes())
    assert verified(other)[0] == 2
    assert "renamed" in verified(other)[1]
    content["records"][0]["record"]["body"]["score"] = "99"
    told.write_text(json.dumps(content))
    wrong = centre.beside("receipts") / f"{content['records'][0]['id']}.tlog-proof"
    assert verified(wrong)[0] == 1


def test_what_never_arrived_and_is_gone_from_the_sheet_is_not_sent(centre, service):
    """Killed before the first byte left: one learner is struck out, another's mark is put right."""
    centre.put([*A, None, "焊工", 80], [*B, None, "焊工", 81], [*C, None, "焊工", 82])
    service.broken = [None, 400]
    centre.run()
    _forget_answers(centre.beside("submit-state.jsonl"), keep=0)
    sent = len(service.batches)
    centre.put([*B, None, "焊工", 91], [*C, None, "焊工", 82])
    code, shown = centre.run()

    assert code == 0
    assert "2 条上次没有送到、表里已删改的，不再报送" in shown
    assert "以前报送的记录现在不在表里" not in shown
    now = [one for batch in service.batches[sent:] for one in batch]
    assert {(one["worker"]["number"], one["body"]["score"]) for one in now} == {(C[1], "82"), (B[1], "91")}
    assert {one["type"] for one in now} == {"training-completion"}
    assert "本次报送 0 条" in centre.run()[1]


def test_what_did_arrive_is_corrected_and_told_though_the_answer_was_lost(centre, service):
    centre.put([*A, None, "焊工", 80], [*B, None, "焊工", 81])
    centre.run()
    _forget_answers(centre.beside("submit-state.jsonl"), keep=0)
    centre.put([*B, None, "焊工", 91])
    code, shown = centre.run()

    assert (code, "不再报送" in shown) == (0, False)
    assert types(service.batches[-1]) == ["correction"]
    assert "1 条以前报送的记录现在不在表里" in shown


def _forget_answers(state, keep):
    """As a run leaves it that was killed after so many answers."""
    lines = state.read_text().splitlines(keepends=True)
    answers = [line for line in lines if json.loads(line)["event"] == "answered"]
    state.write_text("".join(line for line in lines if line not in set(answers[keep:])))


def test_an_assertion_goes_only_to_the_issuer_we_were_told(centre, key_file, service):
    key = json.loads(key_file.read_text())
    del key["token_issuer"]
    key_file.write_text(json.dumps(key))
    code, said = centre.run()
    assert (code, "令牌签发方" in said, service.tokens, service.batches) == (5, True, [], [])
