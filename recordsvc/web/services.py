"""The blueprint that all pages hang on, and what their views share."""

import flask

from recordsvc.archive.services import house
from recordsvc.web.cards import Dealer

__all__ = ["bp", "dealer", "house"]

bp = flask.Blueprint("web", __name__)


def dealer() -> Dealer:
    """Return a maker of cards that names institutions as this service's register does."""
    register = house().institutions.all()

    def name_of(uscc: str, day: str) -> str | None:
        institution = register.get(uscc)
        return None if institution is None else institution.name_on(day)

    return Dealer(name_of, house().settings.region)
