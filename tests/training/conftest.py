"""What tests of classes take over from those of access."""

from tests.access.conftest import told

__all__ = ["told"]
