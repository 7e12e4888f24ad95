"""The strict reader: what it refuses, where it says so, and that its quick way agrees with the full walk."""

import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordsvc.ground import strictjson
from recordsvc.ground.strictjson import MAX_INT, StrictJsonError, canonical, is_canonical, loads

LIMIT = 1 << 20

HOSTILE = {
    "empty": (b"", "syntax", ""),
    "NUL": (b"\x00", "syntax", ""),
    "nested 100,000 deep": (b"[" * 100_000, "depth", ""),
    "nested and closed": (b"[" * 100_000 + b"]" * 100_000, "depth", ""),
    "objects nested 1,000 deep": (b'{"a":' * 1000 + b"1" + b"}" * 1000, "depth", ""),
    "one level too many": (b"[" * 33 + b"]" * 33, "depth", ""),
    "5,000 digits": (b'{"n":' + b"1" * 5000 + b"}", "integer-range", "/n"),
    "one beyond the largest integer": (b"[0,9007199254740992]", "integer-range", "/1"),
    "one below the smallest": (b"[-9007199254740992]", "integer-range", "/0"),
    "fraction": (b'{"a":{"b":[1.0]}}', "float", "/a/b/0"),
    "exponent": (b"[1e3]", "float", "/0"),
    "1e400": (b"[1e400]", "float", "/0"),
    "minus zero point zero": (b"[-0.0]", "float", "/0"),
    "NaN": (b'{"a":NaN}', "not-finite", "/a"),
    "Infinity": (b"[-Infinity]", "not-finite", "/0"),
    "duplicate key": (b'{"a":1,"b":2,"a":1}', "duplicate-key", ""),
    "duplicate key by escape": (b'{"x":{"a":1,"\\u0061":1}}', "duplicate-key", "/x"),
    "lone surrogate": (b'{"a~/b":"\\ud800"}', "surrogate", "/?"),
    "lone surrogate in bytes": (b'["\xed\xa0\x80"]', "not-utf8", ""),
    "overlong": (b'["\xc0\x80"]', "not-utf8", ""),
    "UTF-16": ('["a"]'.encode("utf-16"), "not-utf8", ""),
    "UTF-16 without mark": ('["a"]'.encode("utf-16-le"), "syntax", ""),
    "UTF-32": ('["a"]'.encode("utf-32-be"), "syntax", ""),
    "byte order mark": (b"\xef\xbb\xbf[]", "byte-order-mark", ""),
    "mark inside": ('["\ufeff"]'.encode(), "invisible-character", "/0"),
    "NUL by escape": (b'["\\u0000"]', "control-character", "/0"),
    "line feed by escape": (b'["a\\nb"]', "control-character", "/0"),
    "DEL": (b'["\x7f"]', "control-character", "/0"),
    "C1": ('["\x85"]'.encode(), "control-character", "/0"),
    "raw control": (b'["\x01"]', "syntax", ""),
    "zero width space": ('["张\u200b三"]'.encode(), "invisible-character", "/0"),
    "zero width space by escape": (b'["\\u200b"]', "invisible-character", "/0"),
    "right-to-left override": ('{"a":"\u202e"}'.encode(), "invisible-character", "/a"),
    "isolate": ('["\u2066"]'.encode(), "invisible-character", "/0"),
    "soft hyphen": ('["\u00ad"]'.encode(), "invisible-character", "/0"),
    "combining joiner": ('["a\u034f"]'.encode(), "invisible-character", "/0"),
    "tag character": ('["\U000e0041"]'.encode(), "invisible-character", "/0"),
    "line separator": ('["\u2028"]'.encode(), "invisible-character", "/0"),
    "not NFC": ('["e\u0301"]'.encode(), "not-nfc", "/0"),
    "compatibility ideograph": ('["\uf900"]'.encode(), "not-nfc", "/0"),
    "two documents": (b"[][]", "syntax", ""),
    "trailing bracket": (b"[1]]", "syntax", ""),
    "unclosed string of quotes": (b'"' + b'\\"' * 100_000, "syntax", ""),
    "comment": (b"[1/*x*/]", "syntax", ""),
}


@pytest.fixture(params=["orjson", "standard library"])
def reader(request, monkeypatch):
    if request.param == "standard library":
        monkeypatch.setattr(strictjson, "_WITH_ORJSON", False)
    return request.param


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_refused_with_code_and_place(reader, name):
    data, code, pointer = HOSTILE[name]
    for read in (lambda: loads(data, LIMIT), lambda: is_canonical(data)):
        with pytest.raises(StrictJsonError) as caught:
            read()
        assert (caught.value.code, caught.value.pointer) == (code, pointer)


@pytest.mark.parametrize(
    "data",
    [
        b" []",
        b"[1, 2]",
        b'{"b":1,"a":2}',
        b'["\\u00e9"]',
        b'["\\/"]',
        b"[-0]",
        b"[]\n",
        b'{"a":1 }',
        b'["\\u0022"]',
    ],
)
def test_well_formed_but_not_canonical(reader, data):
    loads(data, LIMIT)
    with pytest.raises(StrictJsonError) as caught:
        is_canonical(data)
    assert caught.value.code == "not-canonical"


def test_keys_beyond_ascii_are_for_reading_only(reader):
    data = '{"姓名":1}'.encode()
    assert loads(data, LIMIT) == {"姓名": 1}
    with pytest.raises(StrictJsonError, match="ASCII"):
        is_canonical(data)
    with pytest.raises(StrictJsonError, match="ASCII"):
        canonical({"姓名": 1})


def test_invisible_characters_in_keys(reader):
    with pytest.raises(StrictJsonError, match="U\\+200B"):
        loads('{"a\u200b":1}'.encode(), LIMIT)


def test_limits_are_inclusive(reader):
    data = b"[" * 32 + b"]" * 32
    assert loads(data, 64) == is_canonical(data)
    with pytest.raises(StrictJsonError) as caught:
        loads(data, 63)
    assert caught.value.code == "too-large"
    with pytest.raises(StrictJsonError) as caught:
        loads(b"[[[1]]]", LIMIT, max_depth=2)
    assert caught.value.code == "depth"


def test_brackets_inside_strings_are_not_depth(reader):
    data = canonical(["[" * 500 + '{"' * 500])
    assert is_canonical(data) == loads(data, LIMIT) == ["[" * 500 + '{"' * 500]


def test_wide_is_not_deep(reader):
    data = b"[" + b",".join([b"[{}]"] * 1000) + b"]"
    assert is_canonical(data) == [[{}]] * 1000


def test_names_as_people_have_them_pass(reader):
    names = [
        "阿依古丽·买买提",
        "王㐱",
        "𠮷野",
        "\ue863",
        "O'Brien (ing.)",
        "“甲” 乙",
        "\u3000全角",
        "马\U000e0100",
    ]
    data = canonical(names)
    assert is_canonical(data) == loads(data, LIMIT) == names


def test_line_breaks_only_where_asked_for(reader):
    for text in ('["a\\nb"]', '[ "a\\u000ab"]', '["a\\\\nb"]'):
        assert loads(text.encode(), LIMIT, line_breaks=True) == json.loads(text)
    for bad in (b'["\\n\\t"]', b'["\\n\\u200b"]', b'["\\r\\n"]'):
        with pytest.raises(StrictJsonError):
            loads(bad, LIMIT, line_breaks=True)


def test_floats_only_where_asked_for(reader):
    assert loads(b"[1.5,1e2]", LIMIT, allow_floats=True) == [1.5, 100.0]
    with pytest.raises(StrictJsonError) as caught:
        loads(b"[1e400]", LIMIT, allow_floats=True)
    assert caught.value.code == "not-finite"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"a": float("nan")}, "float"),
        ([1.0], "float"),
        ([MAX_INT + 1], "integer-range"),
        ([2**70], "integer-range"),
        ([b"x"], "type"),
        ([(1,)], "type"),
        ({1: 2}, "key-not-ascii"),
        (["\ud800"], "surrogate"),
        (["e\u0301"], "not-nfc"),
        (["a\tb"], "control-character"),
        ({"k\u200b": 1}, "key-not-ascii"),
    ],
)
def test_what_canonical_will_not_write(reader, value, code):
    with pytest.raises(StrictJsonError) as caught:
        canonical(value)
    assert caught.value.code == code


def test_a_structure_that_contains_itself_is_refused(reader):
    circle: list[object] = []
    circle.append(circle)
    with pytest.raises(StrictJsonError):
        canonical(circle)


def test_every_code_has_both_titles():
    assert all(zh and en for zh, en in strictjson.TITLES.values())


characters = st.characters() | st.sampled_from('\u200b\u0301\ud800\u034f\ue000·“（é\\"/\x7f')
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**54), 2**54) | st.floats() | st.text(characters, max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(characters, max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


def _judged(function, *args):
    try:
        return function(*args)
    except StrictJsonError as error:
        return error.code


@pytest.mark.skipif(not strictjson._WITH_ORJSON, reason="there is only one way without orjson")
@settings(max_examples=400, deadline=None)
@given(values, st.booleans(), st.booleans())
def test_quick_way_and_full_walk_agree(value, sort, ascii_only):
    text = json.dumps(value, sort_keys=sort, ensure_ascii=ascii_only, separators=(",", ":"))
    data = text.encode("utf-8", "surrogatepass")
    quick = [_judged(loads, data, LIMIT), _judged(is_canonical, data), _judged(canonical, value)]
    strictjson._WITH_ORJSON = False
    try:
        slow = [_judged(loads, data, LIMIT), _judged(is_canonical, data), _judged(canonical, value)]
    finally:
        strictjson._WITH_ORJSON = True
    assert quick == slow


@settings(max_examples=300, deadline=None)
@given(values)
def test_what_canonical_writes_is_canonical(value):
    try:
        data = canonical(value)
    except StrictJsonError:
        return
    assert is_canonical(data) == value
    assert unicodedata.is_normalized("NFC", data.decode())


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=40).map(lambda s: s.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_answered_without_another_exception(data):
    for function, *rest in ((loads, LIMIT), (is_canonical,)):
        _judged(function, data, *rest)


def test_agrees_with_an_independent_canonicaliser():
    rfc8785 = pytest.importorskip("rfc8785")
    value = {"b": [1, -MAX_INT, '"\\/€𠮷'], "a": {"é".encode().hex(): None, "A": True}}
    assert canonical(value) == rfc8785.dumps(value)
