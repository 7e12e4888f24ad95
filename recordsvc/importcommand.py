"""`recordsvc import FILE` (导入旧档案): judged, released by two officials, entered in portions, resumable."""

import csv
import io
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recordsvc import importwords

if TYPE_CHECKING:
    from recordsvc.access.grants import Actor
    from recordsvc.archive.importing import Run
    from recordsvc.archive.importrows import Plan
    from recordsvc.house import House
    from recordsvc.importfiles import PaperFile, Profile

PROFILE = "recordsvc-import-profile.json"
KINDS = (
    "level-certificate",
    "qualification-certificate",
    "safety-permit",
    "skill-certificate",
    "training-certificate",
    "training-completion",
)
OPEN = {
    "columns": "栏",
    "institution": "机构",
    "institutions": "机构代码",
    "occupations": "职业代码",
    "training_type": "培训类型",
}
"""Members of a profile that can be open, in words."""
FIRST = frozenset({"handler", "reviewer", "data-officer"})
"""Roles of which the first person needs one."""


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--kind", type=click.Choice(KINDS), required=True, help="记录类型 / type of record")
@click.option("--vouched-by", required=True, help="担保单位 / office that vouches for the file")
@click.option(
    "--source", type=click.Choice(["paper-file", "retired-system"]), required=True, help="来源 / where from"
)
@click.option("--case", required=True, help="案卷号 / case reference")
@click.option("--official", required=True, help="经办人账号 / account of the first official")
@click.option(
    "--profile",
    type=click.Path(dir_okay=False, path_type=Path),
    help="对照文件，默认在文件旁 / profile; beside the file unless given",
)
@click.option("--dry-run", is_flag=True, help="只检查，不写入 / judge only, write nothing")
@click.option("--resume", is_flag=True, help="接着做已开始的导入 / go on with an import that was begun")
def import_file(  # noqa: PLR0913, PLR0917 - click passes options by name
    file: Path,
    kind: str,
    vouched_by: str,
    source: str,
    case: str,
    official: str,
    profile: Path | None,
    dry_run: bool,  # noqa: FBT001 - click passes options by name
    resume: bool,  # noqa: FBT001
) -> None:
    """导入旧档案 / Enter old papers from an XLSX or CSV file, vouched for by the bureau.

    The official is asked for a one-time login code. The first call judges all rows and proposes the run,
    unless questions are open; a second official approves it at the desk; then `recordsvc work`, or this
    command with --resume, enters it. What was refused, withdrawn or expired begins anew without --resume.
    """
    from recordsvc.archive import import_persons, importing, importrows
    from recordsvc.ground.problems import Problem
    from recordsvc.serving import load_settings
    from recordsvc.starting import open_checked
    from recordsvc.submit.cells import Unreadable

    house = open_checked(load_settings())
    try:
        who = _official(house, official, case)
        answers, papers, where = _open(house, file, kind, profile)
        where_from = import_persons.reach_of(who)
        by = f"official:{official}"
        plan = importrows.Plan(papers.sha256, kind, source, vouched_by, by, case, where_from, who)
        sheet = file.with_name(f"{file.stem}.import-errors.csv")
        if dry_run:
            _try(house, plan, papers, sheet)
            if asked := _asked(answers, where):
                click.echo(asked)
            return
        if _begins(house, plan, resume=resume):
            papers.ask_all()
            if asked := _asked(answers, where):
                raise click.ClickException(f"{asked}\n没有开始导入 / nothing was begun")
            _load(house, plan, papers, sheet)
        else:
            _enter(house, plan)
        wanted = importing.run_id(house, plan)
        _tell(importing.find(house, wanted))
        _write_errors(sheet, importing.refused(house, wanted))
    except Unreadable as fault:
        raise click.ClickException(str(fault)) from None
    except Problem as problem:
        raise click.ClickException(f"{problem.title_zh} / {problem.title_en}\n{problem.remedy_zh}") from None
    finally:
        house.close()


def _official(house: "House", account: str, case: str) -> "Actor":
    """Let the first person sign in, as at every act of an official at the console, and judge the case."""
    from marshmallow import ValidationError

    from recordsvc.access.cases import CaseRefForm
    from recordsvc.access.grants import author
    from recordsvc.archive import import_persons
    from recordsvc.officialcommands import signed_in

    who = signed_in(house, account)
    if FIRST.isdisjoint(who.roles):
        raise click.ClickException("该账号没有经办、复核角色 / the account holds none of the roles needed")
    try:
        CaseRefForm().load({"case_ref": case})
    except ValidationError as fault:
        raise click.ClickException(f"--case {fault.messages_dict['case_ref'][0]}") from None
    import_persons.check_case(house, author(who), case)
    return who


def _open(house: "House", file: Path, kind: str, profile: Path | None) -> "tuple[Profile, PaperFile, Path]":
    from recordsvc import importdesk
    from recordsvc.importfiles import Profile

    where = profile or file.with_name(PROFILE)
    answers = Profile.read(where)
    return answers, importdesk.opened(house, file, kind, answers), where


def _try(house: "House", plan: "Plan", papers: "PaperFile", sheet: Path) -> None:
    """Judge all rows and write nothing but the error sheet."""
    from recordsvc.archive import importing, importrows

    good, bad = 0, []
    for portion in importing.portions(papers.rows()):
        told = importrows.judged(house, plan, portion)
        bad += [(row.number, row.code) for row in told if row.code is not None]
        good += sum(row.code is None for row in told)
        _progress("检查 / judged", good + len(bad))
    click.echo(err=True)
    _write_errors(sheet, bad)
    click.echo(f"试运行：可导入 {good} 行，有误 {len(bad)} 行，未写入任何内容 / dry run, nothing was written")


def _asked(answers: "Profile", where: Path) -> str:
    """Write down what the profile has to answer still, and say so; empty where nothing is open."""
    if not answers.open:
        return ""
    answers.save(where)
    names = "、".join(f"{name} {OPEN[name]}" for name in sorted(answers.open))
    return (
        f"还有要补的对照（{names}），已写入 {where.name}，补好后再运行；无从补起的写 null，相应各行不导入"
        f" / open questions are in {where.name}: answer them, or null where there is no answer"
    )


def _begins(house: "House", plan: "Plan", *, resume: bool) -> bool:
    """Whether rows are to be judged: of a new run, one that broke off, or one that came to nothing, anew.

    Raises `ClickException` where the run is to be gone on with, or is over.
    """
    from recordsvc.archive import importing

    run = importing.current(house, importing.run_id(house, plan))
    if run is None:
        return True
    if run.state == "dropped":
        if resume:
            raise click.ClickException(
                "上次的导入未获批准、已撤回、过期或没有可导入的行，已经作废；不加 --resume 重新开始"
                " / refused, withdrawn, expired or empty: run without --resume to begin anew"
            )
        return True
    _check_stated(run, plan)
    if resume:
        return run.state == "loading"
    if run.state == "done":
        raise click.ClickException(
            f"这个文件已经导入完毕（{run.entered} 行）；当时有误的行，改正后另存为一个文件导入"
            " / imported before; put rows that were refused into a file of their own"
        )
    state = importwords.STATES[run.state]
    raise click.ClickException(f"这个文件已经开始导入（{state}），请加 --resume / begun before")


def _check_stated(run: "Run", plan: "Plan") -> None:
    """Refuse another office or source than the run was begun with. Raises `ClickException`."""
    from recordsvc import dated

    words = {str(row["code"]): str(row["zh"]) for row in dated.table("provenance_sources").rows}
    pairs = (
        ("--vouched-by", run.vouched_by, plan.vouched_by),
        ("--source", words.get(run.source, run.source), words.get(plan.source, plan.source)),
    )
    if wrong := [f"{name} 原为“{was}”，现为“{now}”" for name, was, now in pairs if was != now]:
        raise click.ClickException(
            f"这个文件的导入是按另一种说法开始的：{'；'.join(wrong)}。照原来的写，或者先由提出人撤回、复核人退回，"
            "再不加 --resume 重新开始 / the run was begun with another office or source: give the same,"
            " or let it be withdrawn or refused and begin anew without --resume"
        )


def _load(house: "House", plan: "Plan", papers: "PaperFile", sheet: Path) -> None:
    """Judge all rows and propose the run. Raises `ClickException` when no row can be imported."""
    from recordsvc.archive import importing

    wanted = importing.run_id(house, plan)
    for seen in importing.load(house, plan, papers.rows()):
        _progress("检查 / judged", seen)
    click.echo(err=True)
    run = importing.find(house, wanted)
    if run is None or not run.ready:
        _write_errors(sheet, importing.refused(house, wanted))
        importing.drop(house, wanted, "loading")
        raise click.ClickException("没有可导入的行，未提出 / no row can be imported, nothing was proposed")
    proposal = house.db.write(lambda turn: importing.propose(turn, wanted, plan))
    click.echo(f"待另一人批准，事项 {uuid.UUID(bytes=proposal)} / waits for a second official")


def _enter(house: "House", plan: "Plan") -> None:
    """Enter what two people released; nothing, unless it is approved."""
    from recordsvc.archive import importing

    run = importing.find(house, importing.run_id(house, plan))
    if run is None or run.state != "approved":
        return
    done = run.entered
    for settled in importing.Importer(house).enter(run.run_id):
        done += settled
        _progress("导入 / entered", done)
    click.echo(err=True)


def _tell(run: "Run | None") -> None:
    if run is not None:
        state = importwords.STATES[run.state]
        click.echo(
            f"{state}：合格 {run.ready} 行，已导入 {run.entered} 行，有误 {run.refused} 行"
            " / ready, entered, refused"
        )


def _progress(what: str, count: int) -> None:
    click.echo(f"\r{what}: {count}", nl=False, err=True)


def _write_errors(sheet: Path, bad: "list[tuple[int, str]] | list[tuple[int, str | None]]") -> None:
    """Write rows and codes with words; nothing of what the rows say."""
    from recordsvc.submit.privatefiles import write_private

    if not bad:
        sheet.unlink(missing_ok=True)
        return
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(("行号", "问题", "代码"))
    lines.writerows((number, importwords.words(str(code)), code) for number, code in bad)
    write_private(sheet, text.getvalue().encode("utf-8-sig"))
    click.echo(f"{len(bad)} 行有误，见 {sheet.name} / rows that were refused")
