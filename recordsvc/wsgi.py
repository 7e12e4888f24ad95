"""The application of the installed package: `gunicorn recordsvc.wsgi:app`. The checkout's `wsgi.py` is the same."""

from recordsvc import create_app
from recordsvc.settings import Settings

app = create_app(Settings.load())
