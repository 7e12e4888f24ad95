"""The envelope and the readers: whatever is malformed gets one clear problem before a view runs."""

import io
from typing import Any

import flask
import pytest
from flask.testing import FlaskClient
from marshmallow import fields

from recordsvc.access.policy import Surface, door
from recordsvc.ground.answers import answer, joined, stream
from recordsvc.ground.forms import Form, Identifier, Truth, Whole, WholeText, text
from recordsvc.ground.reading import Bytes, Fields, Upload
from tests.doors import application

bp = flask.Blueprint("t", __name__)


class Inner(Form):
    """A nested form."""

    note = text(1, 20, required=True)


class ThingForm(Form):
    """Every kind of field."""

    count = Whole(required=True)
    flag = Truth()
    id = Identifier()
    name = text(1, 20)
    rows = fields.List(fields.Nested(Inner))


class ThingQuery(Form):
    """Parameters."""

    limit = WholeText(load_default=10)
    word = text(1, 5)


class NameForm(Form):
    """One field of an HTML form."""

    name = text(1, 20, required=True)


@door(bp, "POST", "/json", policy="public", body=ThingForm, summary="t")
def read_json(form: dict[str, Any]) -> Any:
    return answer({"count": form["count"], "id": form.get("id", b"").hex()})


@door(
    bp, "POST", "/bytes", policy="public", summary="t", body=Bytes(limit=100, media=("application/x-ndjson",))
)
def read_bytes(data: bytes) -> Any:
    return answer({"size": len(data)})


@door(bp, "POST", "/form", policy="public", body=Fields(NameForm), summary="t", surface=Surface.PAGE)
def read_form(form: dict[str, Any]) -> Any:
    return answer(form)


@door(bp, "POST", "/upload", policy="public", body=Upload(Form, ("bundle",), limit=2000), summary="t")
def read_upload(form: dict[str, Any], files: dict[str, bytes]) -> Any:
    return answer({"size": len(files["bundle"])})


@door(bp, "GET", "/list", policy="public", query=ThingQuery, summary="t")
def read_list(query: dict[str, Any]) -> Any:
    return answer(query)


@door(bp, "GET", "/things/<id:thing_id>", policy="public", summary="t")
def read_thing(thing_id: bytes) -> Any:
    return answer({"id": thing_id.hex()})


@door(bp, "POST", "/act", policy="public", summary="t")
def act() -> Any:
    return answer({})


@door(bp, "GET", "/stream", policy="public", summary="t")
def read_stream() -> Any:
    return stream((b"x" * 1000 for _ in range(200)), "application/octet-stream")


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return application(bp).test_client()


def code(response: Any) -> tuple[int, str]:
    assert response.mimetype == "application/problem+json"
    assert response.json["status"] == response.status_code
    return response.status_code, response.json["code"]


JSON = {"content_type": "application/json"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"count":1}', 200),
        (b'{"count":1,"id":"0190163d-8694-739b-aea5-966c26f8ad91"}', 200),
        (b"", (400, "json")),
        (b'{"count":1', (400, "json")),
        (b'\xef\xbb\xbf{"count":1}', (400, "json")),
        ('{"count":1}'.encode("utf-16"), (400, "json")),
        (b'{"count":1,"count":2}', (400, "json")),
        (b'{"count":NaN}', (400, "json")),
        (b'{"count":1e400}', (400, "json")),
        (b'{"count":1.0}', (400, "json")),
        (b'{"count":' + b"9" * 5000 + b"}", (400, "json")),
        (b'{"name":"\\ud800","count":1}', (400, "json")),
        (b'{"name":"a\\u0000","count":1}', (400, "json")),
        (b"[" * 100_000 + b"]" * 100_000, (413, "too-large")),
        (b"[" * 30_000 + b"]" * 30_000, (400, "json")),
        (b"[]", (422, "form")),
        (b"null", (422, "form")),
        (b"{}", (422, "form")),
        (b'{"count":"5"}', (422, "form")),
        (b'{"count":true}', (422, "form")),
        (b'{"count":null}', (422, "form")),
        (b'{"count":[1]}', (422, "form")),
        (b'{"count":1,"flag":1}', (422, "form")),
        (b'{"count":1,"flag":"true"}', (422, "form")),
        (b'{"count":1,"name":5}', (422, "form")),
        (b'{"count":1,"role":"admin"}', (422, "form")),
        (b'{"count":1,"id":"0190163D-8694-739B-AEA5-966C26F8AD91"}', (422, "form")),
        (b'{"count":1,"id":"{0190163d-8694-739b-aea5-966c26f8ad91}"}', (422, "form")),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_json_bodies_are_strict(client: FlaskClient, body: bytes, expected: Any) -> None:
    response = client.post("/json", data=body, **JSON)

    assert expected == (200 if response.status_code == 200 else code(response))


def test_a_form_names_every_fault_with_pointer_and_code(client: FlaskClient) -> None:
    response = client.post("/json", data=b'{"rows":[{"note":"a"},{}],"x~/y":1}', **JSON)

    assert {(e["pointer"], e["code"]) for e in response.json["errors"]} == {
        ("/count", "required"),
        ("/rows/1/note", "required"),
        ("/?", "unknown"),
    }


def test_the_strict_reader_says_where_and_why(client: FlaskClient) -> None:
    response = client.post("/json", data=b'{"count":1,"rows":[{"note":"\\u202e"}]}', **JSON)

    assert (response.json["pointer"], response.json["reason"]) == ("/rows/0/note", "invisible-character")


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/json; charset=gbk",
        "application/x-www-form-urlencoded",
        "application/jsonx",
    ],
)
def test_other_media_types_are_refused_with_those_that_are_read(
    client: FlaskClient, content_type: str
) -> None:
    response = client.post("/json", data=b'{"count":1}', content_type=content_type)

    assert code(response) == (415, "media-type")
    assert response.headers["Accept"] == "application/json"


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"']
)
def test_utf_8_may_be_said(client: FlaskClient, content_type: str) -> None:
    assert client.post("/json", data=b'{"count":1}', content_type=content_type).status_code == 200


def test_compressed_bodies_are_refused_unread(client: FlaskClient) -> None:
    response = client.post("/json", data=b"\x1f\x8b", headers={"Content-Encoding": "gzip"}, **JSON)

    assert code(response) == (415, "media-type")


def test_a_body_over_the_limit_is_refused_by_its_announced_length(client: FlaskClient) -> None:
    response = client.post("/bytes", data=b"x" * 101, content_type="application/x-ndjson")

    assert code(response) == (413, "too-large")
    assert response.json["limit_bytes"] == 100


class Endless(io.RawIOBase):
    """A chunked body without end; counts what was taken of it."""

    taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.taken += len(buffer)
        assert self.taken < 1_000_000
        buffer[:] = b"x" * len(buffer)
        return len(buffer)


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/bytes", "application/x-ndjson"),
        ("/json", "application/json"),
        ("/form", "application/x-www-form-urlencoded"),
        ("/upload", "multipart/form-data; boundary=x"),
    ],
)
def test_a_chunked_body_without_end_stops_at_the_limit(
    client: FlaskClient, path: str, content_type: str
) -> None:
    response = client.post(
        path,
        content_type=content_type,
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input": Endless(), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )

    assert code(response) == (413, "too-large")


def test_a_chunked_body_of_exactly_the_limit_is_read(client: FlaskClient) -> None:
    def post(size: int) -> Any:
        body = {"wsgi.input": io.BytesIO(b"x" * size), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
        chunked = {"Transfer-Encoding": "chunked"}
        return client.post(
            "/bytes", content_type="application/x-ndjson", headers=chunked, environ_overrides=body
        )

    assert post(100).json == {"size": 100}
    assert code(post(101)) == (413, "too-large")


@pytest.mark.parametrize("length", ["-1", "1e3", "٣", "9" * 30])
def test_a_length_that_is_no_length_is_refused(client: FlaskClient, length: str) -> None:
    response = client.post(
        "/bytes", content_type="application/x-ndjson", environ_overrides={"CONTENT_LENGTH": length}
    )

    assert response.status_code in (400, 413)


def test_length_and_transfer_encoding_together_are_refused(client: FlaskClient) -> None:
    response = client.post(
        "/bytes", data=b"x", content_type="application/x-ndjson", headers={"Transfer-Encoding": "chunked"}
    )

    assert code(response) == (400, "header")


def test_a_door_without_body_takes_none(client: FlaskClient) -> None:
    assert code(client.post("/act", data=b"{}", **JSON)) == (400, "body-unexpected")
    assert code(client.get("/list", data=b"{}", **JSON)) == (400, "body-unexpected")
    assert client.post("/act").status_code == 200


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", 200),
        ("limit=5&word=ab", 200),
        ("word=%E5%BC%A0", 200),
        ("limit=5&limit=6", (400, "parameter-repeated")),
        ("limt=5", (400, "parameter-unknown")),
        ("limit=5;word=x", (400, "parameter-invalid")),
        ("limit=-5", (400, "parameter-invalid")),
        ("limit=+5", (400, "parameter-invalid")),
        ("limit=%EF%BC%95", (400, "parameter-invalid")),
        ("limit=5.0", (400, "parameter-invalid")),
        ("word=%00", (400, "parameter-invalid")),
        ("word=%E2%80%AE", (400, "parameter-invalid")),
        ("word=%FF", (400, "request-invalid")),
        ("&".join(f"a{i}=1" for i in range(200)), (400, "request-invalid")),
        ("word=" + "x" * 5000, (404, "not-found")),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_query_parameters_are_known_and_single(client: FlaskClient, query: str, expected: Any) -> None:
    response = client.get(f"/list?{query}")

    assert expected == (200 if response.status_code == 200 else code(response))


def test_a_door_without_parameters_refuses_all(client: FlaskClient) -> None:
    assert code(client.post("/act?x=1")) == (400, "parameter-unknown")


def test_form_fields_come_once_and_legibly(client: FlaskClient) -> None:
    assert client.post("/form", data={"name": "阿依古丽·买买提"}).json == {"name": "阿依古丽·买买提"}
    assert client.post("/form", data={"name": "龘𠮷", "csrf_token": "x"}).status_code == 200
    repeated = client.post("/form", data="name=a&name=b", content_type="application/x-www-form-urlencoded")
    assert code(repeated) == (400, "parameter-repeated")
    assert code(client.post("/form", data={"name": "a\u200bb"})) == (422, "form")
    assert code(client.post("/form", data={"name": "e\u0301"})) == (422, "form")
    assert code(client.post("/form", data={"name": "a", "role": "admin"})) == (422, "form")


def test_an_upload_is_read_by_field_and_never_by_file_name(client: FlaskClient) -> None:
    sent = {"bundle": (io.BytesIO(b"{}"), "../../etc/passwd\x00")}

    assert client.post("/upload", data=sent, content_type="multipart/form-data").json == {"size": 2}


def test_an_upload_must_be_there_once_and_within_the_limit(client: FlaskClient) -> None:
    def post(data: Any) -> Any:
        return client.post("/upload", data=data, content_type="multipart/form-data")

    assert code(post({})) == (422, "form")
    assert code(post({"bundle": (io.BytesIO(b"x" * 3000), "b")})) == (413, "too-large")
    assert code(post({"bundle": (io.BytesIO(b"x"), "b"), "more": (io.BytesIO(b"x"), "m")})) == (422, "form")


def test_identifiers_in_paths_have_one_spelling(client: FlaskClient) -> None:
    assert client.get("/things/0190163d-8694-739b-aea5-966c26f8ad91").status_code == 200
    for other in ("0190163D-8694-739b-aea5-966c26f8ad91", "0190163d8694739baea5966c26f8ad91", "..", "%2e%2e"):
        assert code(client.get(f"/things/{other}")) == (404, "not-found")


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "localhost:80@evil", "", "localhost:٣"]
)
def test_foreign_hosts_are_refused(client: FlaskClient, host: str) -> None:
    assert code(client.get("/list", environ_overrides={"HTTP_HOST": host})) == (421, "host")


@pytest.mark.parametrize("host", ["localhost", "localhost:8930", "127.0.0.1:1", "[::1]:8930", "[::1]"])
def test_own_hosts_are_served(client: FlaskClient, host: str) -> None:
    assert client.get("/list", environ_overrides={"HTTP_HOST": host}).status_code == 200


def test_too_many_or_too_long_headers_are_refused(client: FlaskClient) -> None:
    many = {f"X-H{i}": "x" for i in range(100)}

    assert code(client.get("/list", headers=many)) == (431, "headers-too-large")
    assert code(client.get("/list", headers={"X-Long": "x" * 20_000})) == (431, "headers-too-large")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-HTTP-Method-Override": "DELETE"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/admin", "X-Forwarded-Proto": "gopher"},
        {"Script-Name": "/list", "X-Script-Name": "/admin", "X-Original-URL": "/act"},
    ],
    ids=["method override", "forwarded", "script name"],
)
def test_headers_that_would_change_the_target_change_nothing(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    assert client.get("/list", headers=headers).json == {"limit": 10}


@pytest.mark.parametrize(
    "path", ["/list\x00", "/list\n", "/lis\x7ft", "/张", "//list", "/list/", "/LIST", "/list/.."]
)
def test_only_the_one_spelling_of_a_path_is_found(client: FlaskClient, path: str) -> None:
    raw = path.encode().decode("latin-1")

    assert code(client.get("/list", environ_overrides={"PATH_INFO": raw})) == (404, "not-found")


def test_a_script_name_from_a_server_that_believes_headers_opens_nothing(client: FlaskClient) -> None:
    moved = {"SCRIPT_NAME": "/v1", "PATH_INFO": "/list"}

    assert code(client.get("/v1/list", environ_overrides=moved)) == (404, "not-found")


def test_a_stream_leaves_in_large_pieces(client: FlaskClient) -> None:
    response = client.get("/stream")

    assert response.data == b"x" * 200_000
    assert [len(piece) for piece in joined(b"x" * 1000 for _ in range(200))] == [
        66_000,
        66_000,
        66_000,
        2_000,
    ]


def test_personal_answers_carry_the_safe_headers(client: FlaskClient) -> None:
    headers = client.get("/list").headers

    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_pages_may_load_their_own_files_and_nothing_inline(client: FlaskClient) -> None:
    policy = client.post("/form", data={"name": "a"}).headers["Content-Security-Policy"]

    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
