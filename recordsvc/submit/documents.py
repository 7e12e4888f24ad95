"""Names of documents as rosters write them."""

import re

from recordsvc.people.identifiers import Kind
from recordsvc.submit.values import Puzzle, fold

_NAMED = (
    (Kind.HMT_RESIDENCE, r"居住证"),
    (Kind.FOREIGN_PR, r"永久居留|外国人.*身份证|green ?card"),
    (Kind.HMT_PERMIT_HK_MO, r"港澳.*通行证|回乡证"),
    (Kind.TW_PERMIT, r"台湾.*通行证|台胞证"),
    (Kind.PASSPORT, r"护照|passport"),
    (Kind.FOREIGN_SSN, r"外国人.*(社会保障|社保)号"),
    (Kind.RESIDENT_ID, r"身份证|identity|^id( card)?$|^0?1$"),
)


def document_named(text: str) -> Kind | None:
    """The kind of document a cell names; None when blank. 居民身份证 covers 15 and 18 digits."""
    plain = fold(text).lower()
    if not plain:
        return None
    for kind, words in _NAMED:
        if re.search(words, plain):
            return kind
    raise Puzzle("id-document")
