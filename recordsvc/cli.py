"""The `recordsvc` command. A subcommand is imported when called, so `verify` runs on the base install."""

import importlib
from typing import Any, Final

import click

from recordsvc.ground.refusal import StartRefused
from recordsvc.vault.keyfile import KeyFileError

COMMANDS: Final = {
    "init": ("recordsvc.serving", "init", "make keys, database and settings of a first run"),
    "run": (
        "recordsvc.running",
        "run",
        "serve a demo region with witness and background work on this machine",
    ),
    "serve": ("recordsvc.serving", "serve", "serve under gunicorn"),
    "work": ("recordsvc.work", "work", "run the background process"),
    "keys": ("recordsvc.keycommands", "keys", "the service's own keys: which there are, rotation"),
    "log": ("recordsvc.logcommands", "log", "checkpoint, fsck, keys of the log"),
    "backup": ("recordsvc.backupcommands", "backup", "back up database and papers, without keys"),
    "restore": ("recordsvc.backupcommands", "restore", "restore a backup into an empty place, and check it"),
    "continuation": (
        "recordsvc.continuationcommands",
        "continuation",
        "go on after entries were lost for good",
    ),
    "official": ("recordsvc.access.commands", "official", "officials and their roles"),
    "case": ("recordsvc.casecommands", "case", "an official's acts on whole archives"),
    "numbers": ("recordsvc.numbercommands", "numbers", "change a worker's numbers, names and cards"),
    "held": ("recordsvc.deskcommands", "held", "records that wait for an official"),
    "objections": ("recordsvc.deskcommands", "objections", "objections that the region decides"),
    "institution": ("recordsvc.deskcommands", "institution", "an institution's closing, keys and papers"),
    "ledger": ("recordsvc.ledgercommands", "ledger", "closed days, vouchers, balances"),
    "claim": ("recordsvc.claimcommands", "claim", "claims of subsidies: what is due, steps, lists"),
    "fund": ("recordsvc.fundcommands", "fund", "budget lines, how budgets move"),
    "recovery": ("recordsvc.recoverycommands", "recovery", "subsidies that are asked back"),
    "client": ("recordsvc.clientcommands", "client", "machines of institutions: keys, stopping one at once"),
    "fee": ("recordsvc.feecommands", "fee", "what institutions charge for, disputes about it"),
    "payee": ("recordsvc.payeecommands", "payee", "accounts that payees are paid to"),
    "bank": ("recordsvc.bankcommands", "bank", "payments to a bank: batches, release, differences"),
    "staff": ("recordsvc.staffcommands", "staff", "heads of institutions: entering them, letting them in"),
    "erasure": ("recordsvc.casecommands", "erasure", "erase again after a restore, scrub the bytes"),
    "people": ("recordsvc.peoplecommands", "people", "people of an institution, by its head"),
    "window": ("recordsvc.windowcommands", "window", "a worker's acts at the counter"),
    "rules": (
        "recordsvc.rulecommands",
        "rules",
        "subsidy rules: check a file, list, take an extract",
    ),
    "notices": ("recordsvc.noticecommands", "notices", "notices that leave: dead ones, replay, print list"),
    "paper": ("recordsvc.papercommands", "paper", "a worker's papers at the counter"),
    "cards": ("recordsvc.cardcommands", "cards", "facts of the card registry: extract files, a card reader"),
    "draw": ("recordsvc.drawcommands", "draw", "draws of whom to inspect, which anybody may check"),
    "import": ("recordsvc.importcommand", "import_file", "enter old papers from a file, vouched for"),
    "submit": ("recordsvc.submit.cli", "submit", "check, sign and send a training centre's roster"),
    "centre": (
        "recordsvc.submit.centrecommands",
        "centre",
        "what an institution answers, files and reads, from its own machine",
    ),
    "pull": ("recordsvc.submit.pullcommand", "pull", "take a receiver's feed into a folder, from cron"),
    "verify": ("recordsvc.cli_verify", "verify", "check a bundle or receipt offline"),
    "verify-pack": ("recordsvc.cli_verify_pack", "verify_pack_file", "check an auditor's pack offline"),
    "demo-archive": ("demo.read", "main", "show what a worker of the demo region sees"),
    "openapi": ("recordsvc.serving", "openapi", "write the interface description"),
}
"""Name -> (module, attribute, one line). Nothing is imported to list them."""

EXTRAS: Final = {"submit": "submit", "centre": "submit", "pull": "submit", "demo-archive": "submit"}
"""Which extra of the package a command needs; `server` where nothing stands here."""


class LazyGroup(click.Group):
    """A group whose commands are found by name and imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a command; a missing dependency says which extra to install."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _line = COMMANDS[cmd_name]
        try:
            command: click.Command = getattr(importlib.import_module(module), attribute)
        except ModuleNotFoundError as missing:
            raise _needs(cmd_name, missing) from missing
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; keys and databases that must not be used end it with one clear line."""
        try:
            return super().invoke(ctx)
        except KeyFileError as refused:
            raise click.ClickException(f"密钥不可用 / keys refused: {refused}") from refused
        except ModuleNotFoundError as missing:  # of a command that loads its parts when it works
            if (missing.name or "").partition(".")[0] == __package__:
                raise
            raise _needs(ctx.invoked_subcommand or "", missing) from missing
        except StartRefused as refused:
            raise click.ClickException(str(refused)) from refused

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List names and lines without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_module, _attribute, line) in COMMANDS.items()])


class ExtraMissing(click.ClickException):
    """A library that a command needs is not installed. 1 would say that `log fsck` found something."""

    exit_code = 2


def _needs(command: str, missing: ModuleNotFoundError) -> ExtraMissing:
    extra = EXTRAS.get(command, "server")
    return ExtraMissing(f"`recordsvc {command}` needs {missing.name}: install recordsvc[{extra}]")


@click.group(cls=LazyGroup)
@click.version_option(package_name="recordsvc")
def main() -> None:
    """Lifelong training records: signed, append-only, provable (劳动者终身职业技能培训电子档案)."""
