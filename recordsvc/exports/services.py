"""What the doors of feeds share."""

import flask

bp = flask.Blueprint("exports", __name__)
