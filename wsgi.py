"""What a WSGI server imports in a checkout; `recordsvc serve` starts gunicorn with its hardened settings."""

from recordsvc.wsgi import app

__all__ = ["app"]
