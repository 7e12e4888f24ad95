"""What a WSGI server imports: `gunicorn recordsvc.wsgi:app`. A checkout's `wsgi.py` is the same."""

from recordsvc import create_app
from recordsvc.settings import Settings

app = create_app(Settings.load())
