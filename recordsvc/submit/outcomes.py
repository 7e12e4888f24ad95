"""One outcome out of everything a row says about it: result, score, part scores, note."""

from collections.abc import Sequence

from recordsvc.submit.values import Outcome, Puzzle, says_absent, says_dropped


def combined(said: Sequence[Outcome], parts: Sequence[Outcome | None], note: str) -> Outcome | None:
    """The outcome, or None when the row says nothing. The sources may add to each other, never contradict.

    `parts` are the part scores of the columns the table has, None where a cell is blank. Part scores alone
    give an outcome of kind "parts": whether it is a pass depends on the pass mark, which no sheet states.
    """
    graded = [part for part in parts if part is not None]
    if not said and graded:
        away = [part for part in graded if part.kind == "absent"]
        if len(away) < len(graded) and (away or len(graded) < len(parts)):
            raise Puzzle("parts-incomplete")
        if not away:
            return Outcome("parts", "/".join(part.score or part.kind for part in graded))
        said = [Outcome("absent")]
    kinds = {outcome.kind for outcome in said}
    kinds |= {kind for kind, says in (("absent", says_absent), ("dropped", says_dropped)) if says(note)}
    away_kinds = kinds & {"absent", "dropped"}
    if (away_kinds and kinds - away_kinds) or len(away_kinds) > 1 or {"passed", "failed"} <= kinds:
        raise Puzzle("result-conflict")
    if away_kinds:
        return Outcome(away_kinds.pop())
    score = next((outcome.score for outcome in said if outcome.score), None)
    verdict = next((kind for kind in ("passed", "failed") if kind in kinds), "scored")
    return Outcome(verdict, score) if said else None
