"""Batch evidence as the service writes it: the same bytes as the plain way, from one record to many."""

import hashlib

import pytest

from recordsvc.archive.evidence import _evidence
from recordsvc.ground.base64strict import b64u
from recordsvc.ground.strictjson import canonical
from recordsvc.translog import tree

JWS = "header.payload.signature"


@pytest.mark.parametrize("size", [*range(1, 20), 31, 32, 33, 64, 100])
def test_each_record_of_a_batch_gets_its_own_path(size: int):
    levels = tree.levels([hashlib.sha256(b"%d" % n).digest() for n in range(size)])
    plain = [
        canonical(
            {
                "batch": JWS,
                "index": at,
                "path": [b64u(levels[level][n]) for level, n in tree.path_nodes(at, size)],
                "size": size,
            }
        )
        for at in range(size)
    ]
    assert _evidence(JWS, levels, size) == plain
