"""Command line of the witness: ``python -m witness init | add-log | serve | vkey | status``."""

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from witness import keyfile, store
from witness.cosign import Witness
from witness.keyfile import KeyFileError
from witness.note import Cosigner, Malformed, parse_log_key
from witness.server import WitnessServer
from witness.store import Store, StoreError

DEFAULT_NAME = "witness.localhost/w1"


def init(folder: Path, name: str) -> Cosigner:
    """Make key and memory, or load them when they are there. The key file comes last and completes it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = folder / store.FILE_NAME
    if (folder / keyfile.FILE_NAME).exists():
        cosigner = keyfile.load(folder)
        Store(folder, cosigner.vkey).close()
        if cosigner.name != name:
            raise StoreError(f"{folder} holds the witness {cosigner.name}; one name, one key, one folder")
        return cosigner
    if database.exists():
        raise StoreError(
            f"{database} is there but its key is not: restore the key, or remove the file if it never served"
        )
    cosigner, content = keyfile.generate(name)
    store.create(folder, cosigner.vkey)
    keyfile.write(folder, content)
    return cosigner


def serve(folder: Path, port: int) -> None:
    """Answer until SIGTERM or SIGINT."""
    cosigner = keyfile.load(folder)
    memory = Store(folder, cosigner.vkey)
    server = WitnessServer(Witness(cosigner, memory, lambda: int(time.time())), port)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        # Not in this thread: it is the one that serves, and stop() waits for it.
        threading.Thread(target=server.stop, name="stop").start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    host, bound = server.server_address[:2]
    _say(f"witness {cosigner.name} on http://{host!s}:{bound}")
    try:
        server.serve_forever(poll_interval=0.1)
    finally:
        server.server_close()  # waits for the answers under way
        memory.close()


def add_log(folder: Path, vkey: str, origin: str | None) -> str:
    """Trust a log's key; a running witness knows it from the next request on. Returns the origin."""
    name, public = parse_log_key(vkey)
    memory = Store(folder, keyfile.load(folder).vkey)
    try:
        memory.add_log(origin or name, name, public)
    finally:
        memory.close()
    return origin or name


def status(folder: Path) -> list[str]:
    """One line per log, and one per refused checkpoint."""
    memory = Store(folder, keyfile.load(folder).vkey)
    try:
        lines = []
        for origin in memory.origins():
            head = memory.head(origin)
            known = (
                f"size {head.size} root {head.root.hex()} at {head.at}" if head else "nothing cosigned yet"
            )
            lines.append(f"{origin}: {known}")
        lines += [
            f"REFUSED {item.origin}: size {item.size} at {item.at}, did not continue size {item.known_size}"
            for item in memory.refused()
        ]
    finally:
        memory.close()
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 done, 2 refused."""
    options = _parser().parse_args(arguments)
    os.umask(0o077)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        _run(options)
    except (KeyFileError, StoreError, Malformed, OSError) as error:
        sys.stderr.write(f"witness: {error}\n")
        return 2
    return 0


def _run(options: argparse.Namespace) -> None:
    match options.command:
        case "init":
            _say(init(options.store, options.name).vkey)
        case "vkey":
            _say(keyfile.load(options.store).vkey)
        case "add-log":
            _say(add_log(options.store, options.vkey, options.origin))
        case "status":
            _say("\n".join(status(options.store)))
        case "serve":
            serve(options.store, options.port)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()  # whoever started this process waits for the line


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="witness", description="A witness for transparency logs (C2SP tlog-witness)."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, does in (
        ("init", "make key and memory (again: show the key)"),
        ("vkey", "show the public key"),
        ("add-log", "trust a log's key"),
        ("status", "show what was cosigned and what was refused"),
        ("serve", "answer on 127.0.0.1"),
    ):
        command = commands.add_parser(name, help=does)
        command.add_argument("--store", type=Path, required=True, help="folder of key and memory")
        if name == "init":
            command.add_argument(
                "--name", default=DEFAULT_NAME, help=f"the witness's name (default {DEFAULT_NAME})"
            )
        elif name == "add-log":
            command.add_argument("vkey", help="the log's verifier key: name+id+key")
            command.add_argument("--origin", help="the log's origin, when it is not the key's name")
        elif name == "serve":
            command.add_argument(
                "--port", type=int, required=True, help="0 takes any free port and prints it"
            )
    return parser


if __name__ == "__main__":
    sys.exit(main())
