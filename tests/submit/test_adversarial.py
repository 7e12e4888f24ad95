"""Sheets as they come: other headings, layouts and encodings, and files that are no sheets at all."""

import csv
import datetime as dt
import io
import json
import zipfile

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from rich.console import Console

from recordsvc.people import synthetic
from recordsvc.submit.cells import Unreadable
from recordsvc.submit.headers import Field
from recordsvc.submit.report import report, show
from recordsvc.submit.sheets import read_sheets
from recordsvc.submit.understand import understand
from tests.submit.rosters import NAMES, TODAY, people, person, workbook

A, B, C = people(3)
DAY = dt.datetime.combine(dt.date(2024, 5, 10), dt.time())  # what a date cell holds


def read(path):
    return understand(read_sheets(path), TODAY)


def verdicts(understood):
    return [(r.row_class.value, r.finding.code if r.finding else "") for r in understood.readings]


def csv_file(path, rows, encoding="utf-8", **options):
    buffer = io.StringIO()
    csv.writer(buffer, **options).writerows(rows)
    path.write_bytes(buffer.getvalue().encode(encoding))
    return path


def unreadable(path) -> str:
    with pytest.raises(Unreadable) as caught:
        read(path)
    return caught.value.code


# --- headings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "number", "score"),
    [
        ("参训学员大名（姓名）", "学员的公民身份证件号", "结业考核最终得分"),
        ("姓    名", "身 份 证 号 码\n（18位）", "成绩（分）"),
        ("Full Name", "Identity card no.", "Final mark"),
        ("受训者姓名", "有效身份证明号码", "考核得分（百分制）"),
        ("学员姓名*", "居民身份证号*", "是否合格*"),
    ],
)
def test_headings_in_words_of_their_own(tmp_path, name, number, score):
    rows = [[score, number, "本期说明栏", name], *([88, p[1], "", p[0]] for p in (A, B, C))]
    if "合格" in score:
        rows[1:] = [["合格", *row[1:]] for row in rows[1:]]
    found = read(workbook(tmp_path / "r.xlsx", rows))

    assert [(r.name, r.number) for r in found.readings] == [A, B, C]
    assert verdicts(found) == [("ok", "")] * 3


def test_titles_facts_two_row_headings_page_breaks_totals_and_signatures(tmp_path):
    book = Workbook()
    sheet = book.active
    sheet.append(["宁夏某某职业培训学校焊工培训班学员花名册"])
    sheet.append(
        [
            "职业（工种）：焊工   等级：五级",
            None,
            None,
            "班级编号：A-7",
            None,
            None,
            "培训时间：2024.5.10-6.3",
        ]
    )
    sheet.append(["序号", "姓名", "身份证号", "课时", None, "考核成绩", None, "备注"])
    sheet.append([None, None, None, "理论", "实操", "理论", "实操", None])
    for span in ("A1:H1", "A3:A4", "B3:B4", "C3:C4", "D3:E3", "F3:G3", "H3:H4"):
        sheet.merge_cells(span)
    sheet.append([1, *A, 24, 56, 80, 75, None])
    sheet.append([2, *B, 24, 56, 59, 90, None])
    sheet.append(["小计", None, None, 48, 112])
    sheet.append(["序号", "姓名", "身份证号", "课时", None, "考核成绩", None, "备注"])
    sheet.append([None, None, None, "理论", "实操", "理论", "实操", None])
    for span in ("D8:E8", "F8:G8", "A8:A9", "B8:B9", "C8:C9", "H8:H9"):
        sheet.merge_cells(span)
    sheet.append([3, *C, 24, 56, "缺考", "缺考", None])
    sheet.append([4])
    sheet.append(["合  计", "3人"])
    sheet.append(["以下空白"])
    sheet.append(["制表人：", None, "审核人：", None, "单位（盖章）"])
    book.save(tmp_path / "r.xlsx")
    found = read(tmp_path / "r.xlsx")

    assert verdicts(found) == [("ok", ""), ("ok", ""), ("warn", "absent")]
    assert [r.sheet_row for r in found.readings] == [5, 6, 10]
    first = found.readings[0]
    assert (first.level, first.texts[Field.OCCUPATION], first.texts[Field.CLASS_CODE]) == ("5", "焊工", "A-7")
    assert (first.started, first.ended) == (dt.date(2024, 5, 10), dt.date(2024, 6, 3))
    assert {reason for _, reason in found.tables[0].skipped} == {
        "total", "heading", "no-person", "end-mark", "signature",
    }  # fmt: skip
    assert (4, "no-person") not in found.tables[0].skipped


def test_an_unlabelled_number_column_is_proposed_and_has_to_be_confirmed(tmp_path):
    path = workbook(
        tmp_path / "r.xlsx", [["姓名", "", "成绩", "职业"], *([p[0], p[1], 80, "焊工"] for p in (A, B))]
    )
    found = read(path)
    confirmed = understand(read_sheets(path), TODAY, {"id": "B"})

    assert [(d.field, d.reason) for _, d in found.doubts] == [(Field.ID, "by-content")]
    assert verdicts(found) == [("ok", "")] * 2
    assert confirmed.doubts == []
    assert [r.number for r in confirmed.readings] == [A[1], B[1]]


def test_a_sheet_without_headings_is_proposed_as_a_whole(tmp_path):
    found = read(workbook(tmp_path / "r.xlsx", [[*A, 80], [*B, 90]]))

    assert {d.field for _, d in found.doubts} == {Field.ID, Field.NAME}
    assert [(r.name, r.number) for r in found.readings] == [A, B]


def test_swapped_columns_are_proposed_and_a_single_swapped_row_is_refused(tmp_path):
    rows = [["姓名", "身份证号码", "成绩"]]
    whole = read(workbook(tmp_path / "w.xlsx", [*rows, *([p[1], p[0], 80] for p in (A, B, C))]))
    single = read(workbook(tmp_path / "s.xlsx", [*rows, [*A, 80], [B[1], B[0], 80], [*C, 80]]))

    assert {d.reason for _, d in whole.doubts} == {"swapped"}
    assert [(r.name, r.number) for r in whole.readings] == [A, B, C]
    assert verdicts(single) == [("ok", ""), ("reject", "name-id-swapped"), ("ok", "")]


def test_columns_that_are_not_used_are_told(tmp_path):
    path = tmp_path / "r.xlsx"
    headings = ["姓名", "身份证号", "联系电话", "家庭住址", "出勤天数", "成绩", "甲乙"]
    workbook(path, [headings, [*A, 139, "某村", 20, 80, 1]])
    found = read(path)
    console = Console(record=True, width=200)
    show(console, "r.xlsx", found)

    told = console.export_text()
    assert "没有用的列：C（联系电话）、D（家庭住址）、E（出勤天数）" in told
    assert "看不懂的列，没有使用：G（甲乙）" in told
    table = json.loads(report("r.xlsx", found, []))["tables"][0]
    assert [one["column"] for one in table["unused"]] == ["C", "D", "E"]


def test_several_sheets_hidden_ones_left_alone(tmp_path):
    path = workbook(tmp_path / "r.xlsx", [["姓名", "身份证号", "成绩"], [*A, 80]], "一班")
    book = load_workbook(path)
    for title, who in (("二班", B), ("名单底稿", C)):
        sheet = book.create_sheet(title)
        sheet.append(["序号", "学员姓名", "证件号码", "考核结果"])
        sheet.append([1, *who, "合格"])
    book["名单底稿"].sheet_state = "hidden"
    book.create_sheet("填表说明").append(["请勿改动表头"])
    book.save(path)
    found = read(path)

    assert [(r.row, r.sheet, r.number) for r in found.readings] == [(1, "一班", A[1]), (2, "二班", B[1])]
    assert dict(found.ignored_sheets) == {"名单底稿": "hidden", "填表说明": "nobody-listed"}


def test_cells_merged_downwards_carry_their_value(tmp_path):
    path = workbook(
        tmp_path / "r.xlsx",
        [
            ["姓名", "身份证号", "职业", "等级", "成绩"],
            [*A, "焊工", "五级", 70],
            [*B, None, None, 80],
            [*C, None, None, 90],
        ],
    )
    book = load_workbook(path)
    book.active.merge_cells("C2:C4")
    book.active.merge_cells("D2:D4")
    book.save(path)
    found = read(path)

    assert [(r.texts[Field.OCCUPATION], r.level) for r in found.readings] == [("焊工", "5")] * 3


# --- numbers and names ----------------------------------------------------------------------------


def test_every_spelling_of_a_number(tmp_path):
    people_ = [synthetic.resident_id("640221", dt.date(1968, 9, 12), "male", n) for n in range(9)]
    fifteen = synthetic.legacy_15(people_[0])
    spelled = [
        (fifteen, "warn", "id-15-digit"),
        (int(synthetic.legacy_15(people_[1])), "warn", "id-15-digit"),  # 15 digits fit into a numeric cell
        ("".join(chr(ord(c) + 0xFEE0) for c in people_[2]), "ok", ""),
        (f"{people_[3][:6]} {people_[3][6:14]} {people_[3][14:]}", "ok", ""),
        (people_[4].lower(), "ok", ""),
        (f"'{people_[5]}", "ok", ""),
        (f"\u200b{people_[6]}\u202c\u00a0", "ok", ""),
        (float(people_[7][:17] + "0"), "reject", "id-number-cell"),
        (6.40221196809e17, "reject", "id-number-cell"),
        ("6.40221E+17", "reject", "id-number-cell"),
        (people_[8][:17], "reject", "id-length"),
        (people_[8] + "1", "reject", "id-length"),
        (None, "reject", "id-missing"),
        ("办理中", "reject", "id-characters"),
    ]
    rows = [
        ["姓名", "身份证号码", "成绩"],
        *([NAMES[n % 12], cell, 80] for n, (cell, _, _) in enumerate(spelled)),
    ]
    found = read(workbook(tmp_path / "r.xlsx", rows))

    assert verdicts(found) == [(row_class, code) for _, row_class, code in spelled]


def test_a_number_with_x_in_lower_case_full_width_and_roman(tmp_path):
    number = next(
        n
        for n in (synthetic.resident_id("640105", dt.date(1995, 10, 20), "male", s) for s in range(99))
        if n[-1] == "X"
    )
    rows = [
        ["姓名", "身份证号"],
        *([f"马{c}", number[:17] + x] for c, x in zip("一二三四", "xＸⅩⅹ", strict=True)),
    ]
    found = read(workbook(tmp_path / "r.xlsx", rows))

    assert {r.number for r in found.readings} == {number}
    assert {code for _, code in verdicts(found)} == {"id-shared"}


def test_numbers_rounded_in_another_program_are_stopped_even_where_their_check_passes(tmp_path):
    rounded = [[f"张{c}", person(n)[1][:15] + "000", "80"] for n, c in enumerate("一二三四五六七八九十")]
    found = read(csv_file(tmp_path / "r.csv", [["姓名", "身份证号", "成绩"], *rounded]))
    one = read(
        csv_file(
            tmp_path / "one.csv", [["姓名", "身份证号", "成绩"], [*A, "80"], *([*p, "80"] for p in (B, C))]
        )
    )

    assert A[1].endswith("000")
    assert verdicts(found) == [("reject", "id-number-cell")] * 10
    assert verdicts(one) == [("ok", "")] * 3


PAIR = ["姓名", "身份证号", "成绩"]


def test_people_listed_side_by_side_are_all_read(tmp_path):
    rows = [
        ["培训班：电工一班"],
        ["序号", *PAIR, "序号", *PAIR],
        [1, *A, 80, 3, *C, 70],
        [2, *B, 85],
    ]
    found = read(workbook(tmp_path / "r.xlsx", rows))

    assert [(r.number, r.sheet_row, r.name) for r in found.readings] == [
        (A[1], 3, A[0]), (B[1], 4, B[0]), (C[1], 3, C[0]),
    ]  # fmt: skip
    assert [table.columns[Field.ID].letter for table in found.tables] == ["C", "G"]
    assert {r.row for r in found.readings} == {1, 2, 3}
    assert [table.unused for table in found.tables] == [[], []]


def test_three_sides_without_serials_and_what_stands_before_them_once(tmp_path):
    rows = [["工种", *PAIR, *PAIR, *PAIR], ["焊工", *A, 80, *B, 81, *C, 82]]
    found = read(workbook(tmp_path / "r.xlsx", rows))

    assert [r.number for r in found.readings] == [A[1], B[1], C[1]]
    assert {r.texts.get(Field.OCCUPATION) for r in found.readings} == {"焊工"}


@pytest.mark.parametrize("second", [("姓名", "联系电话"), ("监护人姓名", "监护人身份证号"), ("姓名", None)])
def test_a_second_name_alone_or_of_somebody_else_is_no_second_side(tmp_path, second):
    rows = [[*PAIR, *second], [*A, 80, "某某", "13800000000"]]
    found = read(workbook(tmp_path / "r.xlsx", rows))

    assert [r.number for r in found.readings] == [A[1]]


def test_other_documents_need_their_kind_named(tmp_path):
    rows = [
        ["姓名", "证件类型", "证件号码", "成绩"],
        ["陈大文", "港澳居民来往内地通行证", "H12345678", 80],
        ["林美玲", "台胞证", "12345678", 80],
        ["John Smith", "护照", "E12345678", 80],
        ["Mary Brown", "外国人永久居留身份证", "USA640086041299", 80],
        ["吴花", "港澳台居民居住证", "810000198409118459", 80],
        ["李明", None, "H12345678", 80],
        ["王强", "身份证", "810000198409118459", 80],
    ]
    found = read(workbook(tmp_path / "r.xlsx", rows))

    assert [r.document for r in found.readings[:5]] == [
        "hmt-permit-hk-mo", "tw-permit", "passport", "foreign-pr", "hmt-residence",
    ]  # fmt: skip
    assert verdicts(found) == [("ok", "")] * 5 + [("reject", "id-document"), ("reject", "id-kind")]


def test_names_with_dots_padding_rare_characters_and_damage(tmp_path):
    written = [
        "古丽娜孜•艾合买提",
        "马　　兰",
        "王\U00020bb7平",
        "髙明",
        " 撒玉 ",
        "王?平",
        "马*花",
        "李\ue863",
        "张3",
        None,
    ]
    numbers = [person(n)[1] for n in range(len(written))]
    found = read(workbook(tmp_path / "r.xlsx", [["姓名", "身份证号"], *zip(written, numbers, strict=True)]))

    assert [r.name for r in found.readings[:5]] == [
        "古丽娜孜·艾合买提",
        "马兰",
        "王\U00020bb7平",
        "髙明",
        "撒玉",
    ]
    assert [code for _, code in verdicts(found)] == [
        "",
        "",
        "",
        "",
        "",
        *["name-characters"] * 4,
        "name-missing",
    ]


def test_the_same_row_is_sent_once_and_contradictions_stop_all_rows_concerned(tmp_path):
    rows = [
        ["序号", "姓名", "身份证号", "成绩", "手机"],
        [1, *A, 80, "1"],
        [2, *A, 80.0, "2"],  # only serial and phone differ
        [3, *B, 80, ""],
        [4, *B, 95, ""],
        [5, C[0], C[1], 80, ""],
        [6, "另一人", C[1], 80, ""],
    ]
    found = read(workbook(tmp_path / "r.xlsx", rows))

    assert verdicts(found) == [
        ("ok", ""), ("warn", "duplicate-row"), ("reject", "row-conflict"), ("reject", "row-conflict"),
        ("reject", "id-shared"), ("reject", "id-shared"),
    ]  # fmt: skip
    assert [r.sendable for r in found.readings] == [True, False, False, False, False, False]


def test_cards_that_are_none_or_shared_are_left_out(tmp_path):
    rows = [
        ["姓名", "身份证号", "社保卡号"],
        [*A, "6217009999000000016"],
        [*B, "A31818105"],
        [*C, "A31818105"],
    ]
    found = read(workbook(tmp_path / "r.xlsx", rows))

    assert verdicts(found) == [("warn", "card-number"), ("warn", "card-shared"), ("warn", "card-shared")]
    assert [r.card for r in found.readings] == ["", "", ""]


# --- dates, hours, results ------------------------------------------------------------------------


def test_dates_in_every_form_and_the_ones_nobody_can_read(tmp_path):
    cells = [
        DAY, dt.date(2024, 5, 10), 45422, "45422", "2024年5月10日", "2024.5.10", "2024-05-10",
        20240510, "20240510", "24/5/10", "２０２４．５．１０", "2024/5/10 00:00:00",
    ]  # fmt: skip
    bad = [
        ("20/5/24", "date-ambiguous"),
        ("2024.2.30", "date-unreadable"),
        ("五月", "date-unreadable"),
        (None, "value-missing"),
    ]
    people_ = people(len(cells) + len(bad))
    rows = [["姓名", "身份证号", "开班日期"]]
    rows += [[*who, cell] for who, cell in zip(people_, [*cells, *(cell for cell, _ in bad)], strict=True)]
    found = read(workbook(tmp_path / "r.xlsx", rows))

    assert [r.started for r in found.readings[: len(cells)]] == [dt.date(2024, 5, 10)] * len(cells)
    assert [code for _, code in verdicts(found)[len(cells) :]] == [code for _, code in bad]


def test_old_macintosh_day_numbers(tmp_path):
    path = workbook(tmp_path / "r.xlsx", [["姓名", "身份证号", "开班日期"], [*A, 43960]])
    book = load_workbook(path)
    book.epoch = CALENDAR_MAC_1904
    book.save(path)

    assert read(path).readings[0].started == dt.date(2024, 5, 10)


def test_periods_order_and_the_future(tmp_path):
    cells = [
        "2024.5.10-6.3",
        "2024年5月10日至2024年6月3日",
        "20240510-20240603",
        "2024.6.3-2024.5.10",
        "2026.11.1-12.30",
        "80课时",
    ]
    rows = [
        ["姓名", "身份证号", "培训时间"],
        *([*who, cell] for who, cell in zip(people(6), cells, strict=True)),
    ]
    found = read(workbook(tmp_path / "r.xlsx", rows))

    assert {(r.started, r.ended) for r in found.readings[:3]} == {(dt.date(2024, 5, 10), dt.date(2024, 6, 3))}
    assert [code for _, code in verdicts(found)] == [
        "",
        "",
        "",
        "date-order",
        "date-future",
        "date-unreadable",
    ]


def test_results_in_every_form(tmp_path):
    cells = [
        (92.5, "", ""), ("合格", "", ""), ("不合格", "", ""), ("优秀", "", ""), ("85分", "", ""),
        ("合格（85分）", "", ""), ("缺考", "", "absent"), ("未参加", "", "absent"), ("旷课", "", "absent"),
        (None, "缺考", "absent"), ("退学", "", "dropped"), (101, "", "score-unreadable"),
        ("补考", "", "score-unreadable"), (None, "", "value-missing"), (88, "缺考", "result-conflict"),
    ]  # fmt: skip
    rows = [["姓名", "身份证号", "成绩", "备注"]]
    rows += [[*who, score, note] for who, (score, note, _) in zip(people(len(cells)), cells, strict=True)]
    found = read(workbook(tmp_path / "r.xlsx", rows))

    assert [code for _, code in verdicts(found)] == [code for _, _, code in cells]
    assert [r.outcome.score for r in found.readings[:6]] == ["92.5", None, None, None, "85", "85"]


def test_one_part_without_a_score_is_incomplete(tmp_path):
    rows = [
        ["姓名", "身份证号", "理论成绩", "实操成绩"],
        [*A, 80, None],
        [*B, 80, "缺考"],
        [*C, "缺考", "缺考"],
    ]
    found = read(workbook(tmp_path / "r.xlsx", rows))

    assert [code for _, code in verdicts(found)] == ["parts-incomplete", "parts-incomplete", "absent"]


def test_hours_that_cannot_be_read_or_do_not_add_up(tmp_path):
    rows = [
        ["姓名", "身份证号", "理论学时", "实操学时", "总学时", "出勤率"],
        [*A, "24课时", "56", "80", 0.95],
        [*B, 24, 50, 80, "95%"],
        [*C, "二十四", 56, 80, "24/26"],
    ]
    found = read(workbook(tmp_path / "r.xlsx", rows))

    assert verdicts(found) == [("ok", ""), ("warn", "hours-differ"), ("reject", "hours-unreadable")]
    assert [r.attendance for r in found.readings] == ["95", "95", None]


# --- cells ----------------------------------------------------------------------------------------


def test_formulas_errors_and_hidden_rows(tmp_path):
    path = workbook(
        tmp_path / "r.xlsx",
        [["姓名", "身份证号", "成绩"], [*A, "=40+40"], [*B, "#N/A"], [*C, 90], ["=A2", person(5)[1], 70]],
    )
    book = load_workbook(path)
    book.active["C3"].data_type = "e"
    book.active.row_dimensions[4].hidden = True
    book.save(path)

    assert verdicts(read(path)) == [
        ("reject", "formula-without-value"), ("reject", "error-value"), ("warn", "hidden-row"),
        ("reject", "formula-without-value"),
    ]  # fmt: skip


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("mark", [",", "\t", ";"])
def test_csv_in_every_encoding(tmp_path, encoding, mark):
    rows = [["姓名", "身份证号", "成绩"], ["王\U00020bb7平", A[1], "80"], ["古丽娜孜·艾合买提", B[1], "缺考"]]
    found = read(csv_file(tmp_path / "r.csv", rows, encoding, delimiter=mark))

    assert [r.name for r in found.readings] == ["王\U00020bb7平", "古丽娜孜·艾合买提"]
    assert verdicts(found) == [("ok", ""), ("warn", "absent")]


def test_csv_with_excel_text_quotes_blank_lines_and_line_breaks(tmp_path):
    text = f'姓名,身份证号,备注\r\n\r\n{A[0]},"=""{A[1]}""","两行\n备注"\r\n{B[0]},\'{B[1]},\r\n'
    path = tmp_path / "r.csv"
    path.write_text(text, encoding="utf-8", newline="")
    found = read(path)

    assert [(r.name, r.number) for r in found.readings] == [A, B]
    assert [r.sheet_row for r in found.readings] == [3, 4]


def test_json_rosters(tmp_path):
    path = tmp_path / "r.json"
    learners = [
        {"姓名": A[0], "证件号码": A[1], "成绩": 80},
        {"姓名": B[0], "证件号码": int(B[1][:17] + "0"), "成绩": "合格"},
    ]
    path.write_text(json.dumps({"班级编号": "A-7", "学员": learners}, ensure_ascii=False), encoding="utf-8")
    found = read(path)

    assert verdicts(found) == [("ok", ""), ("reject", "id-number-cell")]
    assert found.readings[0].texts[Field.CLASS_CODE] == "A-7"
    assert [r.sheet_row for r in found.readings] == [1, 2]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"   \n", "empty"),
        (b"PK\x03\x04 not really", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "damaged"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
            "password",
        ),
        (b"<html><table><tr><td>\xe5\xa7\x93</td></tr></table></html>", "not-a-sheet"),
        (b"%PDF-1.7", "not-a-sheet"),
        (b"\x00\x01\x02\x03" * 100, "encoding"),
        (b"\xff\xfe\xff", "encoding"),
        (b'[{"a":1,"a":2}]', "json-syntax"),
        (b'[{"a":NaN}]', "json-syntax"),
        (b"[" * 100_000, "nobody-listed"),
        (b'{"a":' * 5_000, "json-syntax"),
        ("请先登录系统下载模板\n".encode(), "nobody-listed"),
        ("姓名,身份证号\n".encode(), "nobody-listed"),
    ],
)
def test_what_is_no_roster_says_so(tmp_path, content, code):
    path = tmp_path / "r.xlsx"
    path.write_bytes(content)

    assert unreadable(path) == code


def test_a_missing_file_and_an_empty_workbook(tmp_path):
    assert unreadable(tmp_path / "nowhere.xlsx") == "missing"
    assert unreadable(workbook(tmp_path / "r.xlsx", [])) == "nobody-listed"


def zipped(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as package:
        for name, data in members:
            package.writestr(name, data)
    return path


def test_a_zip_that_unpacks_to_something_unreasonable_is_refused_before_parsing(tmp_path):
    sheet = b"<worksheet><sheetData>" + b"<row><c><v>1</v></c></row>" * 400_000 + b"</sheetData></worksheet>"
    path = zipped(
        tmp_path / "bomb.xlsx", [("xl/workbook.xml", b"<workbook/>"), ("xl/worksheets/sheet1.xml", sheet)]
    )

    assert unreadable(path) == "unsafe"


def test_a_document_type_declaration_is_refused(tmp_path):
    book = b'<!DOCTYPE w [<!ENTITY a "aaaa">]><workbook>&a;</workbook>'
    assert unreadable(zipped(tmp_path / "r.xlsx", [("xl/workbook.xml", book)])) == "unsafe"


def test_a_cell_in_the_last_corner_does_not_allocate_the_sheet(tmp_path):
    path = workbook(tmp_path / "r.xlsx", [["姓名", "身份证号"], [*A]])
    book = load_workbook(path)
    book.active["XFD1048576"] = "x"
    book.save(path)

    assert unreadable(path) == "too-large"


def test_a_zip_that_is_no_workbook(tmp_path):
    assert unreadable(zipped(tmp_path / "r.xlsx", [("word/document.xml", b"<a/>")])) == "not-a-workbook"


def test_two_thousand_rows_are_read_in_good_time(tmp_path):
    everybody = [[f"张{chr(0x4E00 + n % 2000)}", person(n)[1], 80] for n in range(2_000)]
    found = read(workbook(tmp_path / "r.xlsx", [["姓名", "身份证号", "成绩"], *everybody]))

    assert len(found.readings) == 2_000


FAR = "XFD1048576"


@pytest.mark.parametrize(
    ("code", "old", "new"),
    [
        ("damaged", b'r="A2"', f'r="{FAR}"'.encode()),
        ("damaged", b'r="A2"', f'r="{FAR.lower()}"'.encode()),
        *(
            (
                "too-large",
                b"</sheetData>",
                f'<row r="1048576"><c r="{FAR}" {kind}</c></row></sheetData>'.encode(),
            )
            for kind in ('t="str"><v></v>', 't="inlineStr"><is><t></t></is>', 't="inlineStr"><is/>', "><v/>")
        ),
    ],
)
def test_one_cell_far_out_takes_no_memory_whatever_it_says_of_itself(tmp_path, code, old, new):
    """The fast reader makes room for all cells between the outermost two, and ends the process without it."""
    whole = workbook(tmp_path / "r.xlsx", [["姓名", "身份证号"], [*A]])
    with zipfile.ZipFile(whole) as package:
        members = [(name, package.read(name)) for name in package.namelist()]
    sheet = "xl/worksheets/sheet1.xml"
    assert any(name == sheet and old in data for name, data in members)
    altered = [(name, data.replace(old, new) if name == sheet else data) for name, data in members]

    assert unreadable(zipped(tmp_path / "far.xlsx", altered)) == code
