"""The blueprint of the doors of credits."""

import flask

bp = flask.Blueprint("credits", __name__)
