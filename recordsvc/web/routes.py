"""The doors of the pages, gathered; and what makes problems readable for people."""

import flask

from recordsvc.house import House
from recordsvc.web import (
    account_routes,
    activation_routes,
    assets,
    bank_routes,
    card_fact_routes,
    centre_dispute_routes,
    centre_notice_routes,
    centre_routes,
    centre_shared_routes,
    claim_routes,
    class_routes,
    client_routes,
    desk_act_routes,
    desk_closing_routes,
    desk_dispute_routes,
    desk_draw_routes,
    desk_held_routes,
    desk_pack_routes,
    desk_paper_routes,
    desk_place_routes,
    desk_retire_routes,
    desk_routes,
    desk_worker_routes,
    dispute_routes,
    draw_routes,
    foreign_routes,
    fund_routes,
    group_routes,
    head_routes,
    helper_routes,
    identity_routes,
    inspection_routes,
    ledger_routes,
    looked_routes,
    notice_routes,
    number_routes,
    own_archive_routes,
    pack_routes,
    paper_routes,
    people_routes,
    public_routes,
    render,
    rule_routes,
    saying_routes,
    share_routes,
    sharing_routes,
    signin_routes,
    slip_routes,
    statement_routes,
    verify_routes,
    window_routes,
    worker_routes,
)
from recordsvc.web.problem_page import problem_page
from recordsvc.web.services import bp

__all__ = [
    "account_routes",
    "activation_routes",
    "bank_routes",
    "bp",
    "card_fact_routes",
    "centre_dispute_routes",
    "centre_notice_routes",
    "centre_routes",
    "centre_shared_routes",
    "claim_routes",
    "class_routes",
    "client_routes",
    "desk_act_routes",
    "desk_closing_routes",
    "desk_dispute_routes",
    "desk_draw_routes",
    "desk_held_routes",
    "desk_pack_routes",
    "desk_paper_routes",
    "desk_place_routes",
    "desk_retire_routes",
    "desk_routes",
    "desk_worker_routes",
    "dispute_routes",
    "draw_routes",
    "foreign_routes",
    "fund_routes",
    "group_routes",
    "head_routes",
    "helper_routes",
    "identity_routes",
    "inspection_routes",
    "ledger_routes",
    "looked_routes",
    "notice_routes",
    "number_routes",
    "own_archive_routes",
    "pack_routes",
    "paper_routes",
    "people_routes",
    "public_routes",
    "rule_routes",
    "saying_routes",
    "setup",
    "share_routes",
    "sharing_routes",
    "signin_routes",
    "slip_routes",
    "statement_routes",
    "verify_routes",
    "window_routes",
    "worker_routes",
]


def setup(app: flask.Flask, house: House) -> None:  # noqa: ARG001 - every room is set up with its house
    """Answer browsers with pages also where something is wrong."""
    app.extensions["problem_page"] = problem_page
    assets.published()
    app.extensions["warmers"].append(_compile_templates)


def _compile_templates() -> None:
    """Compile every template (about 80 ms), so that no request has to."""
    for name in render.environment().list_templates():
        render.environment().get_template(name)
