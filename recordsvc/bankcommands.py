"""`recordsvc bank …` (支付与对账): batches, their release by a second payer, what does not agree.

Each command enters by the door that the payers' desk has (`consoledoors.py`), as who signs in.
"""

import uuid
from pathlib import Path

import click

from recordsvc.consoledoors import entering, write_new
from recordsvc.deskcommands import REASON, TO, group_of

AT = "/v1/desk/bank"
BATCH = click.argument("batch", type=click.UUID)
BREAK = click.argument("difference", metavar="BREAK", type=click.UUID)


@group_of("bank", "支付与对账", "Payments to a bank, by a payer.")
def bank(context: click.Context, official: str) -> None:
    """Keep the account for the commands."""
    context.obj = official


@bank.command("accounts")
@click.pass_obj
def bank_accounts(account: str) -> None:
    """付款账户与账簿余额 / The paying accounts, what the books say they hold, and how many payments wait."""
    with entering(account) as doors:
        for one in doors.read(f"{AT}/accounts")["items"]:
            click.echo(
                f"{one['code']}  {_yuan(one['balance_fen'])}  suspense={_yuan(one['suspense_fen'])}  "
                f"waiting={one['waiting']}  {one['adapter']}"
            )


@bank.command("open")
@click.option("--code", required=True, help="代码 / short name, also of its folder")
@click.option("--fund", required=True, help="资金 / which fund pays from it")
@click.option("--number", required=True, help="账号 / account number")
@click.option("--name", required=True, help="户名 / name of the account")
@click.option("--bank-number", "bank", required=True, help="联行号 / 12 digits of the bank's office")
@click.option("--adapter", default="iso20022", show_default=True, help="文件格式 / iso20022 or a profile")
@click.pass_obj
def bank_open(account: str, /, **said: str) -> None:
    """提出付款账户 / Propose a paying account; another payer decides."""
    with entering(account) as doors:
        doors.propose(f"{AT}/accounts", said)


@bank.command("batches")
@click.pass_obj
def bank_batches(account: str) -> None:
    """支付批次 / Batches, the newest first."""
    with entering(account) as doors:
        for one in doors.read(f"{AT}/batches")["items"]:
            click.echo(
                f"{one['batch_id']}  {one['state']}  {one['account']}  {one['execution_on']}  "
                f"{one['count']}  {_yuan(one['total_fen'])}  {one['message_id']}"
            )


@bank.command("seal")
@click.argument("code", metavar="ACCOUNT")
@click.option("--collect", is_flag=True, help="组代扣批 / of the direct debits that wait")
@click.pass_obj
def bank_seal(account: str, code: str, *, collect: bool) -> None:
    """组批封存 / Seal what waits on ACCOUNT into a batch; another payer releases it."""
    with entering(account) as doors:
        one = doors.post(f"{AT}/batches", {"account": code, "collect": collect})
        click.echo(f"{one['batch_id']}  {one['count']}  {_yuan(one['total_fen'])}  {one['sha256']}")


@bank.command("release")
@BATCH
@REASON
@click.pass_obj
def bank_release(account: str, batch: uuid.UUID, reason: str) -> None:
    """复核放行 / Release BATCH as the second payer."""
    with entering(account) as doors:
        click.echo(doors.post(f"{AT}/batches/{batch}/release", {"reason": reason})["state"])


@bank.command("cancel")
@BATCH
@click.pass_obj
def bank_cancel(account: str, batch: uuid.UUID) -> None:
    """作废未放行的批次 / Give up BATCH before its release; its payments wait again."""
    with entering(account) as doors:
        click.echo(doors.press(f"{AT}/batches/{batch}/cancel")["state"])


@bank.command("file")
@BATCH
@TO
@click.pass_obj
def bank_file(account: str, batch: uuid.UUID, to: Path) -> None:
    """取报盘文件 / Write the sealed file of BATCH; everybody it pays can read who took it."""
    with entering(account) as doors:
        write_new(to, doors.get(f"{AT}/batches/{batch}/file"))
        click.echo("已取出 / written")


@bank.command("payments")
@click.option("--state", help="状态 / only those of a state, such as unknown")
@click.pass_obj
def bank_payments(account: str, state: str | None) -> None:
    """支付 / Payments, the newest first."""
    with entering(account) as doors:
        for one in doors.read(f"{AT}/payments", {"state": state})["items"]:
            click.echo(
                f"{one['payment_id']}  {one['state']}  {one['said'] or '-'}  {one['reason'] or '-'}  "
                f"{_yuan(one['amount_fen'])}  {one['claim_ref']}  {one['attempt']}"
            )


@bank.command("readdress")
@click.argument("payment", type=click.UUID)
@click.pass_obj
def bank_readdress(account: str, payment: uuid.UUID) -> None:
    """改付新核实的账户 / Let the waiting PAYMENT go to its payee's newest, verified account."""
    with entering(account) as doors:
        click.echo(doors.press(f"{AT}/payments/{payment}/readdress")["state"])


@bank.command("breaks")
@click.option("--min-age", type=click.IntRange(0), default=0, help="至少几天 / of at least so many days")
@click.pass_obj
def bank_breaks(account: str, min_age: int) -> None:
    """对账差异 / Differences that are open, those due first."""
    with entering(account) as doors:
        for one in doors.read(f"{AT}/breaks", {"min_age": min_age})["items"]:
            click.echo(
                f"{one['break_id']}  {one['kind']}  {one['age_days']}d  due={one['due_on']}  "
                f"{one['owner']}  {_yuan(one['amount_fen'])}  {one['subject']}"
            )


@bank.command("take")
@BREAK
@click.pass_obj
def bank_take(account: str, difference: uuid.UUID) -> None:
    """认领差异 / Become the owner of BREAK."""
    with entering(account) as doors:
        click.echo(doors.press(f"{AT}/breaks/{difference}/take")["owner"])


@bank.command("resolve")
@BREAK
@click.option("--as", "resolution", required=True, help="处理方式 / funding, explained, bank …")
@click.option("--note", required=True, help="说明，不写个人信息 / why, no personal data")
@click.option("--payment", type=click.UUID, help="对上的支付 / the payment that it is of")
@click.option("--recovery", type=click.UUID, help="退还的追回事项 / the case that it repays")
@click.pass_obj
def bank_resolve(
    account: str,
    /,
    difference: uuid.UUID,
    resolution: str,
    note: str,
    payment: uuid.UUID | None,
    recovery: uuid.UUID | None,
) -> None:
    """处理差异 / End BREAK, or propose what moves money to a second payer."""
    about = {"payment_id": payment, "recovery_id": recovery}
    body = {"resolution": resolution, "note": note}
    body |= {name: str(one) for name, one in about.items() if one is not None}
    with entering(account) as doors:
        done = doors.post(f"{AT}/breaks/{difference}/resolve", body)
        click.echo(done.get("proposal_id") or done["resolution"])


@bank.command("proposals")
@click.pass_obj
def bank_proposals(account: str) -> None:
    """待复核的支付事项 / What waits for a second payer."""
    with entering(account) as doors:
        for one in doors.read(f"{AT}/proposals")["items"]:
            click.echo(f"{one['proposal_id']}  {one['kind']}  {one['proposed_by']}  {one['subject']}")


@bank.command("decide")
@click.argument("proposal", type=click.UUID)
@click.option("--approve/--refuse", required=True, default=None, help="批准或退回 / approve or refuse")
@REASON
@click.pass_obj
def bank_decide(account: str, proposal: uuid.UUID, reason: str, *, approve: bool) -> None:
    """复核支付事项 / Decide PROPOSAL as the second payer."""
    with entering(account) as doors:
        doors.post(f"{AT}/proposals/{proposal}/decide", {"approve": approve, "reason": reason})
        click.echo("已办结 / decided")


def _yuan(fen: int) -> str:
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"
