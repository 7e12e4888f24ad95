"""What a WSGI server imports: `gunicorn -c deploy/gunicorn.conf.py wsgi:app`."""

from recordsvc import create_app
from recordsvc.settings import Settings

app = create_app(Settings.load())
