"""The doors of feeds, gathered: the receivers' and the worker's."""

from recordsvc.exports import feed_routes, me_routes
from recordsvc.exports.services import bp

__all__ = ["bp", "feed_routes", "me_routes"]
