"""The tables that ground's mechanisms declare beside their code, gathered for `schema.load_tables`."""

from recordsvc.ground.two_person import proposal

__all__ = ["proposal"]
