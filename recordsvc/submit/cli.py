"""`recordsvc submit`: from a roster file to receipts.

Exit codes: 0 everything sent (or checked), 1 some rows need a person, 2 the file or the command cannot be
used, 3 the service cannot be reached (run again to resume), 4 answers are missing, 5 the service refused the
batch or its receipts prove nothing.
"""

import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from recordsvc.ground.ports import SystemClock, SystemRandom, beijing_date
from recordsvc.people.identifiers import IdentifierError, uscc
from recordsvc.submit.answers import Answers, parse_answers
from recordsvc.submit.cells import Sheet, Unreadable
from recordsvc.submit.conclusion import conclude
from recordsvc.submit.delivery import Delivery
from recordsvc.submit.keys import KeyUnusable, SigningKey, read_key
from recordsvc.submit.plan import Planner
from recordsvc.submit.privatefiles import write_private
from recordsvc.submit.profile import save_profile
from recordsvc.submit.questions import Question
from recordsvc.submit.report import report, show
from recordsvc.submit.roster import Roster, open_roster
from recordsvc.submit.send import Refused, Service, Unreachable
from recordsvc.submit.sheets import read_sheets
from recordsvc.submit.sign import Destination, make_batch, new_record_id
from recordsvc.submit.state import State

UNUSABLE, UNREACHABLE, ANSWERS_MISSING, REFUSED = 2, 3, 4, 5
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(help="检查、签名并报送培训名册 / check, sign and send a training centre's roster")
@click.argument("roster", type=_FILE)
@click.option("--key", "key_file", type=_FILE, help="机构的私钥文件（JWK） / the centre's private key")
@click.option("--to", "url", help="服务地址 / address of the service")
@click.option("--client-id", help="客户端编号；缺省取密钥文件里的 / client id, by default the key file's")
@click.option("--audience", help="部署名称，见登记通知 / name of the deployment")
@click.option("--environment", type=click.Choice(["demo", "test", "production"]), help="环境 / environment")
@click.option(
    "--token-issuer",
    help="令牌签发方，见登记通知；缺省为服务地址 / the token issuer, by default the address itself",
)
@click.option("--log-key", help="日志公钥（vkey），用来核验回执 / the log's public key, to check receipts")
@click.option("--answers", "answers_file", type=_FILE, help="答案文件（JSON） / answers file")
@click.option(
    "--profile",
    "profile_file",
    type=_FILE,
    help="档案文件，缺省在名册旁 / profile, by default beside the roster",
)
@click.option("--dry-run", is_flag=True, help="只检查，不签名不报送 / only check")
@click.option(
    "--report", "report_file", type=_FILE, help="把检查结果写成 JSON / write what was understood as JSON"
)
@click.option("--yes", is_flag=True, help="不再询问 / ask nothing; missing answers stop the run")
@click.pass_context
def submit(context: click.Context, /, roster: Path, **options: Any) -> None:
    """Run one roster; every failure ends in one clear sentence and its exit code."""
    console = Console(stderr=True)
    try:
        code = (_check if options["dry_run"] else _run)(console, roster, options)
    except (Unreadable, KeyUnusable, IdentifierError) as fault:
        console.print(f"[red]{fault}[/red]", highlight=False, soft_wrap=True)
        code = UNUSABLE
    except Unreachable as fault:
        console.print(f"[red]{fault}[/red]", highlight=False, soft_wrap=True)
        code = UNREACHABLE
    except Refused as fault:
        _explain(console, fault)
        code = REFUSED
    context.exit(code)


def _check(console: Console, path: Path, options: dict[str, Any]) -> int:
    """Read and say what was understood; nothing is signed, sent or remembered."""
    roster = _open(path, read_sheets(path), options, {})
    _tell(console, roster, options["report_file"])
    for question in roster.questions:
        console.print(
            f"  报送时会问：{question.zh}（{question.path}）", highlight=False, markup=False, soft_wrap=True
        )
    return 0


def _run(console: Console, path: Path, options: dict[str, Any]) -> int:
    """Read, ask, sign, send, write what came back."""
    if not options["key_file"] or not options["url"]:
        raise click.UsageError("报送需要 --key 和 --to；只检查用 --dry-run / --key and --to are needed")
    key = read_key(options["key_file"])
    sheets = read_sheets(path)
    state = State.open(_beside(path, "submit-state.jsonl"))
    try:
        roster = _open(path, sheets, options, state.answers)
        _tell(console, roster, options["report_file"])
        if missing := _answer(console, roster, ask=not options["yes"] and sys.stdin.isatty()):
            return missing
        to = _destination(roster.answers, key, options)
        drafts = roster.drafts()
        if not options["yes"] and not click.confirm(
            f"以 {to.issuer} 的名义签名并报送 {len(drafts)} 条？", err=True
        ):
            return ANSWERS_MISSING
        roster.answers.put("audience", to.audience)
        roster.answers.put("environment", to.environment)
        state.keep_answers(roster.answers.of_the_file())
        save_profile(roster.profile, roster.answers)
        clock = SystemClock()
        planner = Planner(state, to, clock, SystemRandom(), roster.today)
        client_id = options["client_id"] or key.client_id or to.issuer
        token_issuer = options["token_issuer"] or key.stated.get("token_issuer")
        with (
            Service(options["url"], key, client_id, clock, token_issuer=token_issuer) as service,
            _progress(console) as progress,
        ):
            outdated = planner.outdated(drafts)
            gone = {one.id for one in outdated}
            resumed = [one for one in state.unanswered() if one.id not in gone]
            task = progress.add_task("报送", total=len(resumed) or len(drafts))
            delivery = Delivery(
                state,
                service,
                lambda records: make_batch(key, to, records, batch_id=new_record_id(clock, SystemRandom())),
                _beside(path, "receipts"),
                log_key=options["log_key"],
                advance=lambda count: progress.advance(task, count),
            )
            try:
                if withdrawn := delivery.withdraw(outdated):
                    console.print(f"[yellow]{withdrawn} 条上次没有送到、表里已删改的，不再报送[/yellow]")
                delivery.send(resumed)
                delivery.look_after_held()
                plan = planner.plan(drafts, {reading.number for reading in roster.understood.readings})
                progress.update(task, total=len(resumed) + len(plan.new))
                state.prepare([one for one in plan.new if one.id not in state.records])
                delivery.send(plan.new)
            finally:
                # Whatever stopped the sending, what was received so far is written down.
                delivery.write_receipts(_beside(path, "receipts.json"))
        return conclude(console, roster, state, plan, resumed)
    finally:
        state.close()


def _open(path: Path, sheets: list[Sheet], options: dict[str, Any], kept: dict[str, Any]) -> Roster:
    given: dict[str, Any] = {}
    if options["answers_file"]:
        try:
            given = parse_answers(options["answers_file"].read_bytes())
        except OSError as fault:
            raise Unreadable("answers", "打不开答案文件", "the answers file cannot be opened") from fault
    today = beijing_date(SystemClock().now_ms())
    return open_roster(path, sheets, today, given, kept, options["profile_file"])


def _tell(console: Console, roster: Roster, report_file: Path | None) -> None:
    show(console, roster.path.name, roster.understood)
    if report_file is not None:
        write_private(report_file, report(roster.path.name, roster.understood, roster.questions))


def _answer(console: Console, roster: Roster, *, ask: bool) -> int:
    """Ask what is missing, or say what an answers file has to hold."""
    if ask:
        roster.ask(_prompt)
        return 0
    questions = roster.questions
    for question in questions:
        console.print(f"[red]缺少答案[/red] {question.path}：{question.zh}", highlight=False, soft_wrap=True)
    return ANSWERS_MISSING if questions else 0


def _prompt(question: Question) -> Any:
    for code, name in question.choices.items():
        click.echo(f"    {code:24}{name}", err=True)

    def read(text: str) -> Any:
        try:
            return question.read(text.strip())
        except ValueError as fault:
            raise click.BadParameter(str(fault) or "看不懂 / not understood") from fault

    text = f"{question.zh}\n  {question.en}\n "
    return click.prompt(text, default=question.suggestion or None, value_proc=read, err=True)


def _destination(answers: Answers, key: SigningKey, options: dict[str, Any]) -> Destination:
    """Where the records go and who signs them: options first, then answers, then the key file."""

    def stated(name: str, what: str) -> str:
        value = options.get(name) or answers.get(name) or key.stated.get(name)
        if not value:
            raise Unreadable(
                "destination",
                f"不知道{what}：用 --{name}，或写进密钥文件",
                f"{name} is not known: give --{name}, or put it into the key file",
            )
        return str(value)

    institutions = answers.get("institution") or {}
    codes = {value.get("uscc") for value in institutions.values() if isinstance(value, dict)}
    issuer = answers.get("issuer") or key.stated.get("issuer") or (codes.pop() if len(codes) == 1 else None)
    if not issuer:
        raise Unreadable("issuer", "不知道由哪个机构签名（issuer）", "it is not known who signs (issuer)")
    return Destination(stated("audience", "部署名称"), stated("environment", "环境"), uscc(str(issuer)).value)


def _explain(console: Console, fault: Refused) -> None:
    problem = fault.problem
    zh = " ".join(str(problem[name]) for name in ("title", "detail", "remedy") if problem.get(name))
    code = problem.get("code") or problem.get("error") or fault.status
    en = problem.get("title_en") or problem.get("error_description") or ""
    console.print(
        f"服务拒绝了这次报送（{code}）：{zh} {en}", style="red", highlight=False, markup=False, soft_wrap=True
    )


def _progress(console: Console) -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(f"{path.name}.{ending}")
