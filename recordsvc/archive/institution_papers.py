"""Officials and the papers of an institution (机构材料查阅): for a purpose and a case, each look an act.

An institution's papers are nobody's archive, so no worker reads who looked: the row stands among what
officials did alone (`access/acts.py`), where auditors read it.
"""

from typing import TYPE_CHECKING

from recordsvc.access import acts, looked
from recordsvc.access.acts import Act, OfficialAct
from recordsvc.archive.looking import Looker
from recordsvc.archive.papers import Paper
from recordsvc.ground.problems import NotFound

if TYPE_CHECKING:
    from recordsvc.house import House


def listed(house: "House", looker: Looker, uscc: str) -> list[Paper]:
    """Return the papers of an institution (USCC), oldest first; the act is durable before.

    Raises `PurposeRefused`, `NotFound` for an unknown institution, `PaperDamaged`.
    """
    looked.check_purpose(house.db, looker.purpose)
    if house.institutions.all().get(uscc) is None:
        raise NotFound
    act = OfficialAct(looker.actor, Act.PAPER_LIST, uscc, looker.purpose, looker.case_ref)
    acts.record(house.db, house.random, act)
    return house.papers.of(uscc)


def opened(house: "House", looker: Looker, uscc: str, paper_id: bytes) -> tuple[Paper, bytes]:
    """Return one of its papers and the file; the act is durable before.

    Raises `PurposeRefused`, `NotFound`, `PaperDamaged`.
    """
    looked.check_purpose(house.db, looker.purpose)
    return house.papers.open(uscc, paper_id, looker.actor, looker.purpose, looker.case_ref, looker.request_id)
