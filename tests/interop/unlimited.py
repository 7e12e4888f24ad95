"""The service for a tool that asks without a pause: as `recordsvc.wsgi`, with limits nobody meets."""

from types import MappingProxyType

from recordsvc import dated
from recordsvc.access.limits import TABLE

limits = dated.table(TABLE)
for view in limits._views:
    rows = {code: MappingProxyType({**row, "units": 10**9}) for code, row in view.by_code.items()}
    view.by_code = MappingProxyType(rows)

from recordsvc.wsgi import app  # noqa: E402 - the application comes after its limits

__all__ = ["app"]
