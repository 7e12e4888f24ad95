"""Command line of the simulated bank: ``python -m banksim serve | oracle``."""

import argparse
import datetime as dt
import json
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from banksim.bank import Bank
from banksim.book import Book
from banksim.faults import FAULTS, Faults, UnknownFault
from banksim.folder import Folder
from banksim.oracle import Ours, judge

TICK_S = 1.0


def serve(chosen: argparse.Namespace) -> int:
    """Work until SIGTERM or SIGINT, or once."""
    try:
        faults = Faults.load(chosen.scenario, chosen.seed) if chosen.scenario else Faults({}, chosen.seed)
    except UnknownFault as error:
        known = "\n".join(f"  {name}: {what}" for name, what in FAULTS.items())
        print(f"no such fault: {error}\nfaults there are:\n{known}", file=sys.stderr)  # noqa: T201 - a command
        return 2
    book = Book(chosen.store)
    book.open_fund(chosen.number, chosen.balance)
    bank = Bank(book, Folder(chosen.folder), faults, chosen.number, eager=chosen.eager, closed=chosen.closed)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _signal, _frame: stop.set())
    since = 0.0
    while not stop.is_set():
        now = dt.datetime.now(dt.UTC)
        bank.work(now)
        since += TICK_S
        if chosen.once or (since >= chosen.statement_seconds and book.unstated()):
            since = 0.0
            bank.state(now)
        if chosen.once:
            break
        stop.wait(TICK_S)
    book.close()
    return 0


def oracle(chosen: argparse.Namespace) -> int:
    """Judge the payer's rows (JSON: payments, breaks, mirror_fen); 1: something is wrong."""
    said = json.loads(chosen.ours.read_text("utf-8"))
    book = Book(chosen.store)
    found = judge(book, [Ours(**one) for one in said["payments"]], said["breaks"], said["mirror_fen"])
    book.close()
    for one in found:
        print(one)  # noqa: T201 - what the command is for
    return 1 if found else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command."""
    parser = argparse.ArgumentParser(prog="python -m banksim", description=__doc__)
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("serve", help="be a bank behind a folder")
    one.add_argument("--folder", type=Path, required=True, help="the folder with in, out and ack")
    one.add_argument("--store", type=Path, required=True, help="the bank's own book (SQLite)")
    one.add_argument("--number", required=True, help="account number of who pays")
    one.add_argument("--balance", type=int, default=1_000_000_000, help="what it holds at first, in fen")
    one.add_argument("--scenario", type=Path, help="YAML: faults by name and probability")
    one.add_argument("--seed", type=int, default=1, help="decides which faults happen to what")
    one.add_argument("--eager", action="store_true", help="execute at once, whatever day was asked for")
    one.add_argument(
        "--closed", action="append", default=[], metavar="NUMBER", help="an account that was closed since"
    )
    one.add_argument("--statement-seconds", type=float, default=60.0, help="state the account so often")
    one.add_argument("--once", action="store_true", help="work and state once, and end")
    one.set_defaults(run=serve)
    two = commands.add_parser("oracle", help="judge a payer's rows by the bank's book")
    two.add_argument("--store", type=Path, required=True)
    two.add_argument("--ours", type=Path, required=True)
    two.set_defaults(run=oracle)
    chosen = parser.parse_args(arguments)
    done: int = chosen.run(chosen)
    return done


if __name__ == "__main__":
    sys.exit(main())
