"""One outcome out of everything a row says about it: result, score, part scores, note."""

from collections.abc import Sequence

from recordsvc.submit.values import Outcome, Puzzle, says_absent, says_annulled, says_dropped, says_failed


def combined(said: Sequence[Outcome], parts: Sequence[Outcome | None], note: str) -> Outcome | None:
    """The outcome, or None when the row says nothing. The sources may add to each other, never contradict.

    `parts` are the part scores of the columns the table has, None where a cell is blank. Part scores alone
    give an outcome of kind "parts": whether it is a pass depends on the pass mark, which no sheet states.
    """
    noted = _noted(note)
    graded = [part for part in parts if part is not None]
    told = {one.kind for one in (*said, *graded)}
    if told - {"absent", "dropped"} and "failed" not in told and says_annulled(note):
        raise Puzzle("result-conflict")
    if not said and graded:
        away = [part for part in graded if part.kind == "absent"]
        if len(away) < len(graded) and (away or len(graded) < len(parts)):
            raise Puzzle("parts-incomplete")
        if not away:
            if noted - {"failed"}:
                raise Puzzle("result-conflict")
            marks = "/".join(part.score or part.kind for part in graded)
            return Outcome("parts", marks, "failed" if noted else None)
        said = [Outcome("absent")]
    kinds = {outcome.kind for outcome in said}
    worded = bool(kinds & {"passed", "failed"})
    kinds |= noted
    away_kinds = kinds & {"absent", "dropped"}
    if (away_kinds and kinds - away_kinds) or len(away_kinds) > 1 or {"passed", "failed"} <= kinds:
        raise Puzzle("result-conflict")
    if away_kinds:
        return Outcome(away_kinds.pop())
    score = next((outcome.score for outcome in said if outcome.score), None)
    if score is not None and "failed" in noted and not worded:
        return Outcome("scored", score, "failed")
    verdict = next((kind for kind in ("passed", "failed") if kind in kinds), "scored")
    return Outcome(verdict, score) if said else None


def _noted(note: str) -> set[str]:
    """What a note says of the outcome."""
    said = (("absent", says_absent), ("dropped", says_dropped), ("failed", says_failed))
    return {kind for kind, says in said if says(note)}
