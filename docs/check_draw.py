"""核对一次双随机抽查 / Check a draw: python3 check_draw.py proof.json   (what /v1/draws/<id>/proof sends)."""

import base64
import hashlib
import json
import sys


def sha(*parts):
    """SHA-256 of the parts with | between them, in hexadecimal digits."""
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


def least(weight, *parts):
    """The smallest of as many tickets as the weight says."""
    return min(sha(*parts, k) for k in range(int(weight)))


def need(holds, what):
    """End unless this holds."""
    if not holds:
        sys.exit(f"不符 / does not agree: {what}")


def in_log(one):
    """Whether a document's entry stands in the tree of its checkpoint (RFC 9162, 2.1.3.2)."""
    _origin, size, root = one["checkpoint"].split("\n")[:3]
    node = hashlib.sha256(b"\0\4\7" + bytes.fromhex(one["sha256"])).digest()
    fn, sn = one["index"], int(size) - 1
    for step in map(bytes.fromhex, one["path"]):
        left = fn & 1 or fn == sn
        node = hashlib.sha256(b"\1" + (step + node if left else node + step)).digest()
        while left and fn and not fn & 1:
            fn, sn = fn >> 1, sn >> 1
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and node == base64.b64decode(root)


def check(proof):
    """Follow the documents through the log, repeat the draw, compare."""
    said, last = {}, None
    for step in (one for one in ("commit", "reveal", "assign", "result") if one in proof["documents"]):
        one = proof["documents"][step]
        need(in_log(one), f"{step}: log")
        if one["document"] is not None:
            need(hashlib.sha256(one["document"].encode()).hexdigest() == one["sha256"], f"{step}: document")
            said[step] = json.loads(one["document"])
            named = (said[step]["draw"], said[step]["type"]) == (proof["draw"], f"draw-{step}/v1")
            need(named and (last is None or said[step][f"{last[0]}_sha256"] == last[1]), f"{step}: order")
        last = (step, one["sha256"])
        print(f"{step}: entry {one['index']}, log {' '.join(one['checkpoint'].splitlines()[:3])}")
    commit, reveal = said["commit"], said.get("reveal")
    if reveal is None:
        return print(f"未公开 / not open yet: {proof['state']}, {commit['opens_on']}")
    rows = {}
    for name in ("objects", "roster"):
        lines = sorted(proof[name].splitlines(), key=str.encode)
        whole = "".join(f"{line}\n" for line in lines)
        need(whole == proof[name] and sha(whole) == commit[name]["root"], f"{name}: list")
        rows[name] = [line.split("\t") for line in lines]
    salt, value, event = reveal["salt"], reveal["value"], commit["event"]
    need(sha(salt) == commit["salt_sha256"], "salt")
    need(commit["committed_ms"] < event["ms"] <= reveal["revealed_ms"] < commit["reveal_by_ms"], "time")
    seed, drawn = sha(commit["objects"]["root"], salt, value), []
    need(
        sorted({kind for _, _, kind in rows["objects"]}) == [one["stratum"] for one in commit["strata"]],
        "strata",
    )
    for one in commit["strata"]:
        tickets = sorted(
            (least(w, seed, id_), id_) for id_, w, kind in rows["objects"] if kind == one["stratum"]
        )
        need(len(tickets) == one["size"] and one["number"] >= one["least"], f"{one['stratum']}: number")
        drawn += tickets[: one["number"]]
    need(seed == reveal["seed"] and [id_ for _, id_ in sorted(drawn)] == reveal["drawn"], "drawn")
    print(f"抽中 / drawn: {' '.join(reveal['drawn'])}")
    print(f"请与公告核对 / compare with the announcement: {event['source']} {event['issue']} = {value}")
    if "result" not in said:
        return None
    seed, seats = sha(commit["roster"]["root"], salt, value), []
    passed = {(one["object"], one["inspector"]) for one in said["assign"]["passed_over"]}
    for id_ in reveal["drawn"]:
        able = [(w, code) for code, w, out in rows["roster"] if id_ not in out.split(",")]
        order = sorted((least(w, seed, id_, code), code) for w, code in able if (id_, code) not in passed)
        seats.append({"inspectors": [code for _, code in order[: commit["inspectors_each"]]], "object": id_})
    need(seats == said["assign"]["seats"] and commit["inspectors_each"] >= 2, "inspectors")
    found = {one["object"]: set(one["inspectors"]) for one in said["result"]["results"]}
    good = {one["object"]: set(one["inspectors"]) for one in seats}
    need(
        found.keys() == good.keys() and all(len(found[id_]) == 2 and found[id_] <= good[id_] for id_ in good),
        "result",
    )
    return print(f"检查人员与结果 / inspectors and results: {len(found)}; 递补 / passed over: {len(passed)}")


if __name__ == "__main__":
    try:
        with open(sys.argv[1], encoding="utf-8") as file:
            check(json.load(file))
    except (KeyError, ValueError, TypeError, IndexError, AttributeError) as wrong:
        sys.exit(f"不符 / does not agree: {wrong!r}")
    print("相符 / agrees")
