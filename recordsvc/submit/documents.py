"""Names of documents as rosters write them."""

import re

from recordsvc.people.identifiers import Kind, possible_kinds
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

_ALMOST_AN_ID = 13  # digits from which on a number was meant as an identity number


def document_named(text: str) -> Kind | None:
    """The kind of document a cell names; None when blank."""
    plain = fold(text).lower()
    if not plain:
        return None
    for kind, words in _NAMED:
        if re.search(words, plain):
            return kind
    raise Puzzle("id-document")


def document_of_shape(number: str) -> Kind:
    """The kind of a number that nobody named: only the shapes of identity and residence cards tell.

    H12345678 may be a permit or a passport, 12345678 a permit or a typing error: a person has to say.
    """
    digits = sum(char in "0123456789" for char in number)
    if re.fullmatch(r"[0-9]{15}|[0-9]{17}[0-9X]", number):
        return (*possible_kinds(number), Kind.RESIDENT_ID)[0]
    if digits >= _ALMOST_AN_ID:
        raise Puzzle("id-characters" if len(number) in (15, 18) else "id-length")
    raise Puzzle("id-document" if possible_kinds(number) else "id-characters")
