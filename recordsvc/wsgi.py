"""What a WSGI server imports: `gunicorn recordsvc.wsgi:app`. A checkout's `wsgi.py` is the same."""

from recordsvc import create_app, gunicorn_conf
from recordsvc.ground.refusal import StartRefused
from recordsvc.settings import Settings, SettingsError
from recordsvc.vault.keyfile import KeyFileError

try:
    app = create_app(Settings.load())
except (KeyFileError, SettingsError, StartRefused) as refused:
    gunicorn_conf.refuse(refused)
