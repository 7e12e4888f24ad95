#!/bin/sh
# Choose versions anew and write the lock files: all platforms, hashes, no addresses. Needs uv.
#
#   base.lock  the offline verifier
#   run.lock   the service and a training centre's machine, and what builds the package
#   test.lock  the same versions, and what the tests need
set -eu

# Extras stay in the lock (`pydantic[email]==…`): without them pip meets the extra as a requirement of its own, takes the
# newest release for it, and refuses that as unpinned - an old lock would stop installing with the next release.
compile() {
    uv pip compile pyproject.toml --python-version 3.11 --universal --generate-hashes --upgrade \
        --no-header --no-annotate --no-strip-extras --no-emit-index-url --no-emit-find-links --quiet "$@"
}

cd "$(dirname "$0")/.."
compile --output-file requirements/base.lock
compile --extra submit --extra server --group build --output-file requirements/run.lock
compile --extra submit --extra server --extra hsm --extra paper --extra parquet --group build --group test \
    --constraints requirements/run.lock --output-file requirements/test.lock
