"""Published contracts for everybody: JSON Schemas of signed documents, code tables and rules in force."""

import flask

from recordsvc import dated, published
from recordsvc.access.policy import Sends, Surface, door
from recordsvc.archive.services import bp
from recordsvc.ground import answers
from recordsvc.ground.problems import NotFound

CACHE = "public, max-age=300"


@door(
    bp,
    "GET",
    "/schemas/<path:name>",
    policy="public",
    surface=Surface.OPEN,
    cache=CACHE,
    answer=Sends("application/schema+json"),
    summary="已公布的记录格式 / A published JSON Schema",
)
def schema(name: str) -> flask.Response:
    """Send one schema file as published."""
    if name not in published.schema_files():
        raise NotFound
    return answers.answer(published.schema_bytes(name), media="application/schema+json")


@door(
    bp,
    "GET",
    "/v1/codes",
    policy="public",
    surface=Surface.OPEN,
    cache=CACHE,
    answer=Sends(),
    summary="代码表一览 / The code tables there are",
)
def code_tables() -> flask.Response:
    """List the tables."""
    items = [
        {
            "name": name,
            "title": table["title_zh"],
            "title_en": table["title_en"],
            "complete": table["complete"],
        }
        for name, table in published.codes().items()
    ]
    return answers.answer({"items": items})


@door(
    bp,
    "GET",
    "/v1/codes/<name>",
    policy="public",
    surface=Surface.OPEN,
    cache=CACHE,
    answer=Sends(),
    summary="一张代码表 / One code table, with all its dated rows",
)
def code_table(name: str) -> flask.Response:
    """Send a table with source and dates."""
    try:
        return answers.answer(published.code_table(name))
    except dated.UnknownTable:
        raise NotFound from None
