#!/bin/sh
# Make or complete a virtual environment from a lock file and put this checkout into it.
#
#   deploy/venv.sh FOLDER LOCK
#
# PYTHON=…      the interpreter to use instead of the newest one found
# WHEELHOUSE=…  a folder made by `make wheelhouse`: nothing is fetched
set -eu

folder=$1
lock=$2

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

fits() {
    command -v "$1" >/dev/null 2>&1 &&
        "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info)' >/dev/null 2>&1
}

find_python() {
    # `python3` first: it is what the person at the keyboard means, when it is new enough.
    for candidate in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do
        if fits "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer is needed, and none was found; python3 here is: $(python3 --version 2>&1 || true)" \
        "  Debian, Ubuntu:  sudo apt-get install python3 python3-venv" \
        "  macOS:           brew install python@3.13" \
        "  elsewhere:       PYTHON=/path/to/python3.12 make run"
}

make_environment() {
    python=$(find_python)
    if "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
        "$python" -m venv "$folder"
    elif "$python" -c 'import virtualenv' >/dev/null 2>&1; then
        # Debian takes ensurepip out of Python and into a package of its own; virtualenv brings its own pip.
        "$python" -m virtualenv --quiet "$folder"
    else
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        fail "This Python ($python) came without its venv module. Install it, then run make again:" \
            "  sudo apt-get install python3-venv       (or python$version-venv)"
    fi
}

if ! fits "$folder/bin/python" || ! "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$folder"
    make_environment
fi

echo "Installing what $lock names into $folder (once; about a minute) …"
if [ -n "${WHEELHOUSE:-}" ]; then
    set -- --no-index --find-links "$WHEELHOUSE"
else
    set --
fi
export PIP_DISABLE_PIP_VERSION_CHECK=1
"$folder/bin/python" -m pip install "$@" --require-hashes --requirement "$lock"
# hatchling is in the lock: building needs nothing more from outside.
"$folder/bin/python" -m pip install --quiet --no-index --no-deps --no-build-isolation --editable .
