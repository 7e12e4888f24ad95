"""The worker's door of feeds: what receivers were told of the own archive, and have."""

import flask

from recordsvc.access.policy import door
from recordsvc.archive.me_routes import own_archives
from recordsvc.archive.services import house
from recordsvc.exports import deliveries
from recordsvc.exports.deliveries import Delivery
from recordsvc.exports.forms import DeliveriesForm
from recordsvc.exports.services import bp
from recordsvc.ground import answers


def own_deliveries() -> list[Delivery]:
    """Return what left of the worker who asks, of every archive that is read as theirs."""
    return deliveries.of_person(house(), own_archives().archives)


@door(
    bp,
    "GET",
    "/v1/me/deliveries",
    policy="own.consent.read",
    answer=DeliveriesForm,
    summary="向别人提供了我的什么 / What receivers of feeds were told of my records, and acknowledged",
    description="The newest item of each record for each receiver: `add` and `replace` are what it has now, "
    "`withdraw` what it must not hold any more, and why. `acknowledged`: it said that it has taken this.",
)
def list_deliveries() -> flask.Response:
    """List all, the newest first."""
    found = [
        {
            "receiver": f"client:{one.receiver}",
            "archive": one.archive.worker_id,
            "record_id": one.record_id,
            "op": one.op,
            "why": one.why,
            "version": one.version,
            "at_ms": one.at_ms,
            "acknowledged": one.acknowledged,
        }
        for one in own_deliveries()
    ]
    return answers.answer({"items": found}, form=DeliveriesForm)
