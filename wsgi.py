"""What a WSGI server imports in a checkout: `gunicorn -c deploy/gunicorn.conf.py wsgi:app`."""

from recordsvc.wsgi import app

__all__ = ["app"]
