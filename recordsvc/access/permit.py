"""What one request may use (本次请求的额度): counted while it runs, given back when its answer has left."""

from collections.abc import Mapping
from typing import Protocol


class Permit(Protocol):
    """A request's part of its caller's limits."""

    def charge(self, units: int) -> None:
        """Count more than the one unit every request costs. Raises `TooMany`; nothing is counted then."""

    def headers(self) -> Mapping[str, str]:
        """Tell the caller what is left (draft-ietf-httpapi-ratelimit-headers)."""

    def release(self) -> None:
        """Say that the answer has left; a second time changes nothing."""
