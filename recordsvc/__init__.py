"""Signed, append-only, provable records of vocational training and skills (职业技能培训档案).

Importing this package imports nothing: the offline verifier lives here too and needs neither Flask nor a
database. `create_app` brings in what a serving process needs.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from recordsvc.house import House
    from recordsvc.settings import Settings

__all__ = ["create_app"]


def create_app(settings: "Settings", house: "House | None" = None) -> "Flask":
    """Build the web application: one house, the doors of every room, and none without a policy.

    Args:
        settings: what the process runs by.
        house: an open house to serve from instead of opening one; tests bring theirs, with their own clock.
    """
    from recordsvc import service, starting
    from recordsvc.house import open_house

    house = house or open_house(settings)
    starting.check(house)
    return service.build(settings, house)
