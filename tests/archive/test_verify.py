"""Bundles and receipts: the honest one is proven, and every lie is named for what it is.

The bundles come from `bundle_maker`, a second implementation of the formats.
"""

import copy
import json
import re
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordsvc.archive.verify import Outcome, verify_bundle, verify_receipt
from recordsvc.archive.verify_words import WORDS
from recordsvc.vault.signers import PublicKey
from tests.archive.bundle_maker import (
    ASSESSOR,
    CENTRE,
    ORIGIN,
    REGION,
    START_MS,
    Key,
    NoteSigner,
    World,
    b64,
    canonical,
    dump,
    story,
)

LOG, WITNESS = NoteSigner(ORIGIN).vkey, NoteSigner("witness.example/w1", 4).vkey


def verified(bundle, **more):
    data = bundle if isinstance(bundle, bytes) else dump(bundle)
    given_ = {"log_keys": [LOG], "witness_keys": [WITNESS], "quorum": 1, "region": REGION, **more}
    return verify_bundle(data, **given_)


def codes(report, level="failed"):
    return {finding.code for finding in report.findings if finding.level == level}


def assert_false(report, code):
    assert report.outcome is Outcome.FALSE
    assert code in codes(report)


@pytest.fixture
def world():
    return World()


@pytest.fixture(scope="module")
def honest():
    return story().bundle()


# --- the honest bundle ---


def test_a_whole_life_is_proven(honest):
    report = verified(honest)
    assert report.outcome is Outcome.PROVEN
    assert codes(report, "proved") == {
        "checkpoint-signed",
        "cosigned",
        "chain",
        "issuer-signed",
        "region-stated",
        "status-derived",
    }
    assert {"newer-unknown", "key-events-unknown"} <= codes(report, "open")
    states = {
        line.seq: (line.life, line.corrected, line.confirmation, line.signed_by) for line in report.records
    }
    assert states == {
        0: ("active", True, "confirmed", "issuer"),
        1: ("active", False, "unknown", "issuer"),
        2: ("revoked", False, "contested", "issuer"),
        8: ("active", False, "unknown", "region"),
    }


def test_the_report_speaks_both_languages(honest):
    report = verified(honest)
    assert report.text().startswith("结论：已证明。")
    assert report.text("en").startswith("Result: proven.")
    assert "不是机构签发" in report.text()
    assert "no institution signed them" in report.text("en")
    assert json.loads(json.dumps(report.to_json()))["outcome"] == "proven"


def test_spelling_of_the_file_does_not_matter(honest):
    assert verified(json.dumps(honest, indent=2).encode()).outcome is Outcome.PROVEN


@pytest.mark.parametrize("seed", range(2, 6))
def test_any_log_size_is_proven(seed):
    world = story(seed)
    world.filler(seed * 7)
    assert verified(world.bundle()).outcome is Outcome.PROVEN


def test_undisclosed_entries_still_count(honest):
    world = story()
    report = verified(world.bundle(hide={0, 3, 9}))
    assert report.outcome is Outcome.PROVEN
    assert {"undisclosed", "targets-undisclosed"} <= codes(report, "open")
    assert {line.seq: line.life for line in report.records}[2] == "revoked"


def test_without_pinned_region_it_is_said_to_be_a_claim(honest):
    assert "region-claimed" in codes(verified(honest, region=None), "open")


def test_without_witnesses_that_is_said(honest):
    report = verified(honest, witness_keys=[], quorum=0)
    assert report.outcome is Outcome.PROVEN
    assert "not-cosigned" in codes(report, "open")


def test_a_clock_ahead_is_told(honest):
    assert "future" in codes(verified(honest, now_ms=START_MS), "note")


# --- keys and checkpoints ---


@pytest.mark.parametrize(
    "more",
    [
        {"log_keys": []},
        {"log_keys": [NoteSigner("records.example/other").vkey]},
        {"witness_keys": [LOG]},
    ],
)
def test_checkpoints_that_cannot_be_trusted(honest, more):
    report = verified(honest, **more)
    assert_false(report, "checkpoint-refused")
    assert re.search(r"[a-z] [a-z]", report.text()) is None  # no English sentence in the Chinese report


OTHER_WITNESS = NoteSigner("witness.example/w2", 4).vkey


@pytest.mark.parametrize(
    ("more", "count"),
    [
        ({"witness_keys": [OTHER_WITNESS]}, 0),
        ({"witness_keys": [WITNESS, OTHER_WITNESS], "quorum": 2}, 1),
    ],
)
def test_too_few_cosignatures_leave_all_else_proved_and_nothing_false(honest, more, count):
    report = verified(honest, **more)
    assert report.outcome is Outcome.UNPROVEN
    assert codes(report) == set()
    assert {"checkpoint-signed", "chain", "issuer-signed"} <= codes(report, "proved")
    unmet = next(one for one in report.findings if one.code == "quorum-unmet")
    assert (unmet.level, unmet.facts["count"]) == ("open", count)
    assert len(report.records) == 4
    assert report.text().startswith("结论：尚未证明")
    assert report.to_json()["outcome"] == "unproven"


def test_what_is_false_is_false_whoever_cosigned(honest):
    lying = copy.deepcopy(honest)
    lying["entries"][0]["record"]["body"]["score"] = "99"
    assert_false(verified(lying, witness_keys=[OTHER_WITNESS]), "not-opened")
    assert_false(verified({**honest, "region": CENTRE}, witness_keys=[OTHER_WITNESS]), "region-differs")


def test_a_cosignature_of_a_known_witness_that_does_not_hold_is_false(honest):
    name, blob = re.search("— (witness[^ ]+) (.+)", honest["checkpoint"]).groups()
    bent = blob[:-8] + ("A" if blob[-8] != "A" else "B") + blob[-7:]
    for quorum in (0, 1):
        report = verified({**honest, "checkpoint": honest["checkpoint"].replace(blob, bent)}, quorum=quorum)
        assert_false(report, "checkpoint-refused")
        assert f"{name} 的签名不成立" in report.text()


def test_a_receipt_before_any_witness_is_not_false():
    report = receipt_of(RECEIPT_WORLD, 0, witness_keys=[OTHER_WITNESS])
    assert report.outcome is Outcome.UNPROVEN
    assert {"included", "opened"} <= codes(report, "proved")


def test_several_log_keys_one_of_which_signed(honest):
    keys = [NoteSigner("records.example/old").vkey, LOG]
    assert verified(honest, log_keys=keys).outcome is Outcome.PROVEN


def test_origin_and_region_are_compared(honest):
    assert_false(verified({**honest, "origin": "records.example/else"}), "origin-differs")
    assert_false(verified(honest, region=CENTRE), "region-differs")


def test_a_key_that_is_none_is_the_callers_error(honest):
    with pytest.raises(ValueError, match="key"):
        verified(honest, log_keys=["nonsense"])


# --- the chain ---


def changed(honest, change):
    bundle = copy.deepcopy(honest)
    change(bundle, bundle["entries"])
    return verified(bundle)


def test_leaving_out_the_last_entry_is_the_one_thing_nobody_can_see(honest):
    report = changed(honest, lambda bundle, entries: entries.pop())
    assert report.outcome is Outcome.PROVEN
    assert "newer-unknown" in codes(report, "open")


@pytest.mark.parametrize("at", [0, 1, 4, 8])
def test_leaving_out_any_other_entry_breaks_the_chain(honest, at):
    assert_false(changed(honest, lambda bundle, entries: entries.pop(at)), "place-broken")


def test_leaving_out_an_entry_and_renumbering(honest):
    def change(bundle, entries):
        entries.pop(4)
        for seq, entry in enumerate(entries):
            entry["seq"] = seq

    assert_false(changed(honest, change), "place-broken")


def test_exchanged_entries(honest):
    def change(bundle, entries):
        entries[3], entries[4] = entries[4], entries[3]

    report = changed(honest, change)
    assert_false(report, "seq-broken")
    assert "order-broken" in codes(report)


@pytest.mark.parametrize(
    ("name", "value"), [("target", None), ("target", 1), ("seq", 9), ("nonce", b64(bytes(32)))]
)
def test_what_p_opens_cannot_be_changed(honest, name, value):
    assert_false(changed(honest, lambda bundle, entries: entries[3].update({name: value})), "place-broken")


def test_an_entry_at_another_index(honest):
    assert_false(changed(honest, lambda bundle, entries: entries[3].update(index=0)), "not-in-log")


def test_a_leaf_of_the_holders_own_making(honest):
    def change(bundle, entries):
        entries[3]["leaf"] = b64(bytes((1, 2)) + bytes(72))

    assert_false(changed(honest, change), "not-in-log")


def test_a_chain_of_one_worker_with_entries_of_another():
    """The tree holds both, and each entry is there; only `prev` tells that they are not one chain."""
    world = World()
    world.enter()
    foreign = World(9)
    foreign.log, foreign.ms = world.log, world.ms
    foreign.enter()
    world.enter()
    bundle = world.bundle()
    other = {**foreign.entries[0], "path": world.path(foreign.entries[0]["index"])}
    bundle["entries"] = [bundle["entries"][0], {**other, "seq": 1}, {**bundle["entries"][1], "seq": 2}]
    assert_false(verified(bundle), "place-broken")


# --- records ---


def test_a_changed_record_does_not_open(honest):
    def change(bundle, entries):
        entries[1]["record"]["body"]["level"] = "1"

    assert_false(changed(honest, change), "not-opened")


def test_a_record_signed_by_another_issuers_key(world):
    world.enter(key=world.keys[ASSESSOR])
    assert_false(verified(world.bundle()), "key-unknown")


def test_a_signature_over_something_else(world):
    world.enter(evidence=world.keys[CENTRE].detached(b"{}"))
    assert_false(verified(world.bundle()), "signature")


def test_a_key_nobody_registered(world):
    world.enter(key=Key("rogue", "centre-1"))
    assert_false(verified(world.bundle()), "signature")


def test_an_issuer_nobody_registered(world):
    record = world.record(issuer="91640100MA0000000X")
    world.enter(record, key=world.keys[CENTRE])
    assert_false(verified(world.bundle()), "issuer-unknown")


def test_hiding_the_key_events_hides_the_keys(honest):
    assert_false(changed(honest, lambda bundle, entries: bundle.update(issuer_keys=[])), "issuer-unknown")


@pytest.mark.parametrize(
    ("events", "holds"),
    [
        ([], True),
        ([(2, {})], False),
        ([(3, {})], False),
        ([(3, {}), (4, {})], True),
        ([(2, {}), (4, {})], False),
        ([(5, {"suspected": START_MS + 10**9})], True),
    ],
    ids=["registered", "revoked", "suspended", "lifted", "revoked for good", "suspected"],
)
def test_the_key_is_judged_at_the_place_of_the_entry(world, events, holds):
    before = world.enter()
    for action, more in events:
        world.event(CENTRE, action, **more)
    after = world.enter()
    world.event(CENTRE, 2)
    report = verified(world.bundle())
    failed = {finding.seq for finding in report.findings if finding.code == "key-not-in-force"}
    assert failed == (set() if holds else {after})
    assert before not in failed


@pytest.mark.parametrize("dates", [{"not_before": START_MS + 10**7}, {"not_after": START_MS}])
def test_a_key_outside_its_dates(world, dates):
    new = Key("second", "centre-2")
    world.event(CENTRE, 1, key=new, **dates)
    world.enter(key=new)
    assert_false(verified(world.bundle()), "key-not-in-force")


def test_a_suspected_key_proves_and_is_flagged(world):
    world.enter()
    world.enter()
    world.event(CENTRE, 5, suspected=world.ms)
    report = verified(world.bundle())
    assert report.outcome is Outcome.PROVEN
    assert [line.needs_reconfirmation for line in report.records] == [False, True]
    assert "suspect" in codes(report, "note")


def test_a_gap_in_an_issuers_events(world):
    world.event(CENTRE, 3)
    world.event(CENTRE, 4)
    world.enter()
    bundle = world.bundle()
    bundle["issuer_keys"].pop(3)
    assert_false(verified(bundle), "key-chain-broken")


def test_a_key_event_that_is_not_in_the_log(honest):
    def change(bundle, entries):
        bundle["issuer_keys"][0]["index"] = 1

    assert_false(changed(honest, change), "key-event-not-in-log")


def test_a_key_event_of_the_operators_friend(world):
    """An event that is in the log but belongs to another issuer's chain gives no key."""
    world.event(ASSESSOR, 1, key=world.keys[CENTRE])
    world.enter(world.record(issuer=ASSESSOR), key=world.keys[CENTRE])
    assert verified(world.bundle()).outcome is Outcome.PROVEN
    world.enter(world.record(issuer=REGION), key=world.keys[CENTRE])
    assert_false(verified(world.bundle()), "key-unknown")


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"id": "0192F3A0-0000-7000-8000-000000000001"}, "id"),
        ({"salt": "AAAA"}, "salt"),
        ({"salt": "A" * 21 + "B"}, "salt"),
        ({"issued_on": "2026-02-30"}, "issued_on"),
        ({"issuer": 7}, "issuer"),
        ({"version": True}, "version"),
        ({"version": "1"}, "version"),
        ({"body": []}, "body"),
        ({"worker": None}, "worker"),
        ({"actor": "me"}, "actor"),
        ({"extra": 1}, "members"),
        ({"audience": "two\nlines"}, None),
        ({"type": "Award"}, "type"),
    ],
)
def test_envelopes_of_the_wrong_form(world, change, where):
    world.enter({**world.record(), **change}, key=world.keys[CENTRE])
    report = verified(world.bundle())
    assert report.outcome is not Outcome.PROVEN
    if where:
        assert [one.facts["where"] for one in report.findings if one.code == "record-form"] == [where]


def test_a_member_missing(world):
    record = world.record()
    del record["salt"]
    world.enter(record)
    assert_false(verified(world.bundle()), "record-form")


@pytest.mark.parametrize(
    ("name", "kind"), [("revocation", "issue"), ("training-completion", "revoke"), ("correction", "note")]
)
def test_kind_and_type_agree(world, name, kind):
    first = world.enter()
    world.enter(world.record(name, {"revokes": world.entries[first]["record"]["id"]}), kind, first)
    assert_false(verified(world.bundle()), "kind-differs")


def test_only_the_region_states_what_no_institution_signs(world):
    first = world.enter()
    world.act("confirmation", first, CENTRE)
    assert_false(verified(world.bundle()), "region-only")


def test_the_region_never_signs_as_an_issuer(world):
    record = world.record(issuer=REGION)
    del record["actor"]
    world.enter(record)
    world.enter({**world.record(), "actor": {"id": "x", "role": "y", "case": "z"}})
    report = verified(world.bundle())
    assert [one.seq for one in report.findings if one.code == "region-form"] == [0, 1]


def test_a_target_that_is_not_the_record_named(world):
    first, second = world.enter(), world.enter()
    named = world.entries[second]["record"]["id"]
    world.enter(world.record("revocation", {"revokes": named, "reason": "error"}), "revoke", first)
    assert_false(verified(world.bundle()), "target-differs")


@pytest.mark.parametrize("target", [None, 1, 2, 900])
def test_targets_that_lead_nowhere(world, target):
    first = world.enter()
    named = world.entries[first]["record"]["id"]
    world.enter(world.record("revocation", {"revokes": named, "reason": "error"}), "revoke", target)
    assert_false(verified(world.bundle()), "target-differs")


def test_an_act_that_names_nothing_and_a_record_with_a_target(world):
    first = world.enter()
    world.enter(world.record("revocation", {"reason": "error"}), "revoke", first)
    world.enter(world.record(), "issue", first)
    report = verified(world.bundle())
    assert [one.seq for one in report.findings if one.code == "target-differs"] == [1, 2]


def test_another_issuers_revocation_has_no_effect_and_is_told(world):
    first = world.enter()
    world.act("revocation", first, ASSESSOR, reason="error")
    report = verified(world.bundle())
    assert report.outcome is Outcome.PROVEN
    assert report.records[0].life == "active"
    assert "odd" in codes(report, "note")


def test_erasing_one_and_all(world):
    first = world.enter()
    world.enter()
    world.act("erasure", first, REGION, scope="record")
    world.enter(world.record("erasure", {"scope": "worker"}, REGION), "erase")
    report = verified(world.bundle(hide={0, 1}))
    assert report.outcome is Outcome.PROVEN
    assert [line.life for line in report.records] == ["erased", "erased"]


@pytest.mark.parametrize("change", [{"audience": "https://other.example"}, {"environment": "production"}])
def test_audience_and_environment_are_one(world, change):
    world.enter()
    world.enter({**world.record(), **change})
    assert_false(verified(world.bundle()), "audience-differs")


def test_statements_about_another_archive(world):
    world.enter(world.record("worker-statement", {}, REGION))
    world.enter({**world.record("worker-statement", {}, REGION), "worker": {"worker_id": "another"}})
    assert_false(verified(world.bundle()), "worker-differs")


def test_the_same_record_twice(world):
    record = world.record()
    world.enter(record)
    world.enter(record)
    assert_false(verified(world.bundle()), "id-twice")


# --- batches ---


def test_each_record_of_a_batch_is_verifiable_alone(world):
    records = [world.record() for _ in range(7)]
    for record, proof in zip(records, world.batch(records), strict=True):
        world.enter(record, evidence=proof)
    assert verified(world.bundle()).outcome is Outcome.PROVEN


@pytest.mark.parametrize(
    ("signed", "code"),
    [
        ({"audience": "https://other.example"}, "batch-differs"),
        ({"environment": "production"}, "batch-differs"),
        ({"issuer": ASSESSOR}, "batch-differs"),
        ({"size": 3}, "batch-differs"),
        ({"type": "batch/2"}, "batch-differs"),
        ({"root": "A" * 43}, "not-in-batch"),
    ],
)
def test_what_the_batch_signature_must_say(world, signed, code):
    records = [world.record() for _ in range(2)]
    world.enter(records[0], evidence=world.batch(records, **signed)[0])
    assert_false(verified(world.bundle()), code)


def test_a_record_beside_its_batch(world):
    records = [world.record() for _ in range(3)]
    world.enter(evidence=world.batch(records)[1])
    assert_false(verified(world.bundle()), "not-in-batch")


def test_a_batch_signed_by_somebody_else(world):
    records = [world.record() for _ in range(2)]
    world.keys[CENTRE], own = Key("rogue", "centre-1"), world.keys[CENTRE]
    proof = world.batch(records)[0]
    world.keys[CENTRE] = own
    world.enter(records[0], evidence=proof)
    assert_false(verified(world.bundle()), "signature")


# --- unreadable ---


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"format":"recordsvc-bundle/2"}', b"1" * 5000],
    ids=["nothing", "object", "array", "null", "bytes", "deep", "other", "digits"],
)
def test_what_is_no_bundle(data):
    report = verified(data)
    assert report.outcome is Outcome.UNREADABLE
    assert report.text().startswith("结论：无法读取")


@pytest.mark.parametrize(
    "change",
    [
        lambda bundle, entries: bundle.pop("region"),
        lambda bundle, entries: bundle.update(extra=1),
        lambda bundle, entries: bundle.update(entries=[]),
        lambda bundle, entries: bundle.update(checkpoint="x"),
        lambda bundle, entries: bundle.update(checkpoint=7),
        lambda bundle, entries: bundle.update(issued_at=1.5),
        lambda bundle, entries: bundle.update(issued_at="1"),
        lambda bundle, entries: entries[0].pop("nonce"),
        lambda bundle, entries: entries[0].pop("evidence"),
        lambda bundle, entries: entries[0].update(index=-1),
        lambda bundle, entries: entries[0].update(index=True),
        lambda bundle, entries: entries[0].update(seq=2**32 - 1),
        lambda bundle, entries: entries[0].update(kind="revoke"),
        lambda bundle, entries: entries[0].update(leaf="AA=="),
        lambda bundle, entries: entries[0].update(leaf=entries[0]["leaf"] + "\n"),
        lambda bundle, entries: entries[0].update(nonce="AA=="),
        lambda bundle, entries: entries[0].update(nonce=None),
        lambda bundle, entries: entries[0].update(path="x"),
        lambda bundle, entries: entries[0].update(path=[1]),
        lambda bundle, entries: entries[0].update(path=["AA=="]),
        lambda bundle, entries: entries[0].update(path=entries[0]["path"] * 60),
        lambda bundle, entries: entries[0].update(path=["\n".join(entries[0]["path"])]),
        lambda bundle, entries: entries[0].update(record=[]),
        lambda bundle, entries: entries[0]["record"].update({"键": 1}),
        lambda bundle, entries: entries[0]["record"].update(body={"a": "x\ny"}),
        lambda bundle, entries: entries[0]["record"].update(body={"a": 1.5}),
        lambda bundle, entries: entries[0].update(evidence={"batch": "x"}),
        lambda bundle, entries: entries[0].update(evidence="é"),
        lambda bundle, entries: entries[0].update(open=7),
        lambda bundle, entries: bundle.update(issuer_keys=[7]),
    ],
)
def test_forms_that_are_not_the_published_one(honest, change):
    report = changed(honest, change)
    assert report.outcome in (Outcome.UNREADABLE, Outcome.FALSE)
    assert report.text("en")


def test_a_path_of_lines_in_one_text_proves_nothing(honest):
    def change(bundle, entries):
        entries[0]["path"] = ["\n".join(entries[0]["path"][:2]), *entries[0]["path"][2:]]

    assert changed(honest, change).outcome is not Outcome.PROVEN


def test_duplicate_keys_do_not_hide_anything(honest):
    data = dump(honest).replace(b'{"index":', b'{"index":0,"index":', 1)
    assert verified(data).outcome is Outcome.UNREADABLE


# --- mutations: nothing but the claims may change unnoticed ---

CLAIMS = {("issued_at",)}  # nothing signs when the file was written


def places(value, path=()):
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from places(inner, (*path, at))


HONEST = story().bundle()
PLACES = [path for path in places(HONEST) if path and path not in CLAIMS]
other_values = (
    st.none()
    | st.booleans()
    | st.integers(-3, 2**60)
    | st.floats()
    | st.text(max_size=6)
    | st.just([])
    | st.just({})
    | st.sampled_from([b64(bytes(32)), "A" * 44, "..", "é\u202e"])
)


def replaced(path, make):
    bundle = copy.deepcopy(HONEST)
    node = bundle
    for step in path[:-1]:
        node = node[step]
    old = node[path[-1]]
    node[path[-1]] = make(old)
    return bundle, old, node[path[-1]]


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PLACES), other_values)
def test_any_other_value_anywhere_is_noticed(path, value):
    bundle, old, new = replaced(path, lambda _: value)
    if json.dumps(old) == json.dumps(new):
        return
    report = verified(json.dumps(bundle, ensure_ascii=True).encode())
    assert report.outcome is not Outcome.PROVEN, path
    assert report.text("en")
    report.to_json()


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(PLACES), st.integers(0, 10**6), st.sampled_from("Ax0{\u200b\x00é="))
def test_any_other_character_in_any_text_is_noticed(path, at, character):
    def make(old):
        if isinstance(old, str) and old:
            cut = at % len(old)
            return old[:cut] + character + old[cut + 1 :]
        return old

    bundle, old, new = replaced(path, make)
    if old != new:
        assert verified(json.dumps(bundle).encode()).outcome is not Outcome.PROVEN, path


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(PLACES))
def test_leaving_out_anything_but_the_newest_is_noticed(path):
    bundle = copy.deepcopy(HONEST)
    node = bundle
    for step in path[:-1]:
        node = node[step]
    del node[path[-1]]
    # The kind is only a convenience, and what comes last cannot be missed: that is said in every report.
    unseen = path[-1] == "kind" or path == ("entries", len(HONEST["entries"]) - 1)
    assert (verified(bundle).outcome is Outcome.PROVEN) == unseen, path


RAW = dump(HONEST)


@settings(max_examples=600, deadline=None)
@given(st.integers(0, len(RAW) - 1), st.integers(0, 255), st.integers(0, 9))
def test_any_bytes_are_answered(at, byte, cut):
    bent = RAW[:at] + bytes((byte,)) + RAW[at + 1 + cut :]
    report = verified(bent)
    if report.outcome is Outcome.PROVEN:
        changed_claim = json.loads(bent) | {"issued_at": 0} == HONEST | {"issued_at": 0}
        assert changed_claim


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_noise_is_unreadable(data):
    assert verified(data).outcome is Outcome.UNREADABLE


# --- receipts ---


def receipt_of(world, seq, **more):
    entry = world.entries[seq]
    told = entry["evidence"]
    evidence = told.encode() if isinstance(told, str) else canonical(told)
    given_ = {
        "receipt": world.receipt(seq),
        "record": canonical(entry["record"]),
        "evidence": evidence,
        "log_keys": [LOG],
        "witness_keys": [WITNESS],
        "quorum": 1,
        **more,
    }
    return verify_receipt(**given_)


@pytest.mark.parametrize("seq", [0, 1, 2])
def test_receipts_prove_record_and_evidence(seq):
    world = story()
    key = world.keys[world.entries[seq]["record"]["issuer"]]
    report = receipt_of(world, seq)
    assert report.outcome is Outcome.PROVEN
    assert "signature-unchecked" in codes(report, "open")
    report = receipt_of(world, seq, issuer_key=PublicKey(key.alg, key.raw))
    assert {"included", "opened", "receipt-signed"} <= codes(report, "proved")


def test_receipts_that_lie():
    world = story()
    assert_false(receipt_of(world, 0, record=canonical(world.entries[1]["record"])), "not-opened")
    assert_false(receipt_of(world, 0, evidence=b"x"), "not-opened")
    assert_false(receipt_of(world, 0, log_keys=[]), "checkpoint-refused")
    wrong = PublicKey("EdDSA", Key("rogue", "x").raw)
    assert_false(receipt_of(world, 0, issuer_key=wrong), "signature")
    assert_false(receipt_of(world, 2, issuer_key=wrong), "signature")
    moved = world.receipt(0).replace(b"index 5", b"index 6")
    assert_false(receipt_of(world, 0, receipt=moved), "not-in-log")


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_any_change_of_a_receipt_is_noticed(data):
    receipt = RECEIPT_WORLD.receipt(0)
    at = data.draw(st.integers(0, len(receipt) - 1))
    byte = data.draw(st.integers(0, 255))
    bent = receipt[:at] + bytes((byte,)) + receipt[at + 1 :]
    report = receipt_of(RECEIPT_WORLD, 0, receipt=bent)
    assert (report.outcome is Outcome.PROVEN) == (bent == receipt)


RECEIPT_WORLD = story()


@pytest.mark.parametrize(
    "receipt", [b"", b"c2sp.org/tlog-proof@v1\n", b"\xff", b"c2sp.org/tlog-proof@v1\nindex 0\n\n"]
)
def test_unreadable_receipts(receipt):
    assert receipt_of(RECEIPT_WORLD, 0, receipt=receipt).outcome is Outcome.UNREADABLE


# --- words ---


def test_every_code_in_the_source_has_words_in_both_languages():
    pattern = re.compile(r'(?:Failed|Unreadable)\(\s*"([a-z0-9-]+)"|Level\.[A-Z]+,\s*"([a-z-]+)"')
    found = set()
    for file in Path(sys.modules["recordsvc.archive.verify"].__file__).parent.glob("verify*.py"):
        found |= {one or two for one, two in pattern.findall(file.read_text(encoding="utf-8"))}
    assert found <= WORDS.keys()
    assert all(zh and en and zh != en for zh, en in WORDS.values())
    named_in_conditions = {"key-unknown", "signature", "key-not-placed", "signature-unchecked"}
    assert WORDS.keys() - found - named_in_conditions == set()


def test_no_words_carry_terminal_control_characters(honest):
    bundle = {**honest, "checkpoint": honest["checkpoint"].replace("witness.example/w1", "w\u202e\x9b1")}
    assert verified(bundle).text("en").isprintable() is False  # line breaks only
    assert all(char.isprintable() or char == "\n" for char in verified(bundle).text("en"))
