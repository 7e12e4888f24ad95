"""Request smuggling: proxy and service read the same requests out of the same bytes, or refuse them.

Whatever a connection carries, the application logs one line for each request that reached it; a second
request hidden in the first would be a line for `/open`, which nobody asks for here.
"""

import re

import pytest

from tests.deploy.app import OCTETS
from tests.deploy.edge import Edge

HIDDEN = b"GET /open HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEAD = f"POST /size HTTP/1.1\r\nHost: localhost\r\nContent-Type: {OCTETS}\r\n".encode()
CHUNKED = b"0\r\n\r\n" + HIDDEN
LENGTH = f"Content-Length: {len(CHUNKED)}\r\n".encode()


def with_transfer(line: bytes) -> bytes:
    """A body that ends at once for who reads `line` as chunked, and later for who reads the length."""
    return HEAD + LENGTH + line + b"\r\n" + CHUNKED


AMBIGUOUS = {
    "CL.TE": with_transfer(b"Transfer-Encoding: chunked\r\n"),
    "TE.CL": HEAD
    + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    + f"{len(HIDDEN):x}\r\n".encode()
    + HIDDEN
    + b"\r\n0\r\n\r\n",
    "TE with space before the colon": with_transfer(b"Transfer-Encoding : chunked\r\n"),
    "TE with tab before the value": with_transfer(b"Transfer-Encoding:\tchunked\r\n"),
    "TE with vertical tab": with_transfer(b"Transfer-Encoding:\x0bchunked\r\n"),
    "TE with trailing control": with_transfer(b"Transfer-Encoding: chunked\x0c\r\n"),
    "TE with a leading space": with_transfer(b" Transfer-Encoding: chunked\r\n"),
    "TE folded": with_transfer(b"Transfer-Encoding:\r\n chunked\r\n"),
    "TE after another folded header": with_transfer(b"X-A: b\r\n Transfer-Encoding: chunked\r\n"),
    "TE in capitals": with_transfer(b"TRANSFER-ENCODING: CHUNKED\r\n"),
    "TE quoted": with_transfer(b'Transfer-Encoding: "chunked"\r\n'),
    "TE with parameter": with_transfer(b"Transfer-Encoding: chunked;x=y\r\n"),
    "TE xchunked": with_transfer(b"Transfer-Encoding: xchunked\r\n"),
    "TE identity": with_transfer(b"Transfer-Encoding: identity\r\n"),
    "TE chunked, identity": with_transfer(b"Transfer-Encoding: chunked, identity\r\n"),
    "TE chunked, chunked": with_transfer(b"Transfer-Encoding: chunked, chunked\r\n"),
    "TE twice": with_transfer(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
    "TE with underscore": with_transfer(b"Transfer_Encoding: chunked\r\n"),
    "TE hidden behind a bare CR": with_transfer(b"X-A: b\rTransfer-Encoding: chunked\r\n"),
    "TE hidden behind a bare LF": with_transfer(b"X-A: b\nTransfer-Encoding: chunked\r\n"),
    "TE with NUL": with_transfer(b"Transfer-Encoding\x00: chunked\r\n"),
    "TE in HTTP/1.0": with_transfer(b"Transfer-Encoding: chunked\r\n").replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    "CL twice, different": HEAD + b"Content-Length: 0\r\n" + LENGTH + b"\r\n" + CHUNKED,
    "CL as a list": HEAD + b"Content-Length: 0, 40\r\n\r\n" + HIDDEN,
    "CL with a sign": HEAD + f"Content-Length: +{len(HIDDEN)}\r\n\r\n".encode() + HIDDEN,
    "CL negative": HEAD + b"Content-Length: -1\r\n\r\n" + HIDDEN,
    "CL in hexadecimal": HEAD + b"Content-Length: 0x0\r\n\r\n" + HIDDEN,
    "CL with a space inside": HEAD + b"Content-Length: 0 0\r\n\r\n" + HIDDEN,
    "CL beyond 64 bits": HEAD + b"Content-Length: 18446744073709551616\r\n\r\n" + HIDDEN,
    "CL empty": HEAD + b"Content-Length: \r\n\r\n" + HIDDEN,
    "CL folded": HEAD + f"Content-Length:\r\n {len(HIDDEN)}\r\n\r\n".encode() + HIDDEN,
    "header without colon": HEAD + b"Transfer-Encoding chunked\r\n" + LENGTH + b"\r\n" + CHUNKED,
    "chunk size with a sign": HEAD + b"Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n" + HIDDEN,
    "chunk size in 0x": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + HIDDEN,
    "chunk size with a space": HEAD + b"Transfer-Encoding: chunked\r\n\r\n 0\r\n\r\n" + HIDDEN,
    "chunk size beyond 64 bits": HEAD + b"Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n" + HIDDEN,
    "chunk extension with a bare LF": HEAD
    + b"Transfer-Encoding: chunked\r\n\r\n1;x\n"
    + b"y\r\nz\r\n0\r\n\r\n",
    "chunk longer than said": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n0\r\n\r\n",
    "chunks ended by bare LF": HEAD + b"Transfer-Encoding: chunked\n\n0\n\n",
    "no TE on a line ended by LF": b"POST /size HTTP/1.1\nHost: localhost\n" + LENGTH + b"\n" + CHUNKED,
    "trailer that names a length": HEAD
    + b"Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 40\r\n\r\n",
}
"""Bytes of one request; what follows inside it is nobody's request, whichever way its length is read."""

PIPELINED = {
    "no length, but a header like it": HEAD + f"Content_Length: {len(HIDDEN)}\r\n\r\n".encode() + HIDDEN,
    "CL 0 before another request": HEAD + b"Content-Length: 0\r\n\r\n" + HIDDEN,
    "an ended chunked body before another request": HEAD
    + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    + HIDDEN,
}


def statuses(answer: bytes) -> list[int]:
    """The status of every answer in what came back."""
    return [int(found) for found in re.findall(rb"HTTP/1\.[01] ([0-9]{3}) ", answer)]


@pytest.mark.long
@pytest.mark.beside
@pytest.mark.parametrize("name", AMBIGUOUS)
def test_both_hops_read_one_request_or_refuse_it(edge: Edge, name: str) -> None:
    before = len(edge.service.requests())
    answered = statuses(edge.raw(AMBIGUOUS[name]))
    reached = edge.service.requests()[before:]

    assert [line["rule"] for line in reached] in ([], ["/size"])
    # One answer, and where the service made it, the one that left.
    assert len(answered) <= 1
    assert [line["status"] for line in reached] in ([], answered)
    assert edge.ask("GET", "/seen").json["PATH_INFO"] == "/seen"


@pytest.mark.long
@pytest.mark.beside
@pytest.mark.parametrize("name", PIPELINED)
def test_two_plain_requests_in_one_packet_are_two_for_both(edge: Edge, name: str) -> None:
    """The search above would see a second request."""
    before = len(edge.service.requests())
    answered = statuses(edge.raw(PIPELINED[name]))
    reached = edge.service.requests()[before:]

    assert [line["rule"] for line in reached] == ["/size", "/open"]
    assert answered == [200, 200]


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_the_next_client_gets_its_own_answer(edge: Edge, name: str) -> None:
    """What is left of a poisoned request is nobody's beginning."""
    with edge.connect() as attacker:
        attacker.sendall(AMBIGUOUS[name])
        answers = [edge.ask("GET", "/seen").json["PATH_INFO"] for _n in range(3)]

    assert answers == ["/seen"] * 3


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET  /seen HTTP/1.1",
        b"GET /seen  HTTP/1.1",
        b"GET\t/seen HTTP/1.1",
        b"GET /seen\x0bHTTP/1.1",
        b"GET /seen HTTP/1.1 ",
        b"GET /se en HTTP/1.1",
        b"get /seen HTTP/1.1",
        b"GET /seen HTTP/2.0",
        b"GET /seen HTTP/1.1\rX: y",
        b"GET /seen#x HTTP/1.1",
        b"GET http://evil.example/seen HTTP/1.1",
        b"GET /\x80seen HTTP/1.1",
        b"CONNECT localhost:1 HTTP/1.1",
        b"TRACE /seen HTTP/1.1",
        b"PRI * HTTP/2.0",
        b"OPTIONS * HTTP/1.1",
    ],
)
def test_an_odd_request_line_is_one_request_or_none(edge: Edge, request_line: bytes) -> None:
    """What a proxy mends (two spaces, say) it passes on mended."""
    before = len(edge.service.requests())
    answered = statuses(edge.raw(request_line + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
    reached = edge.service.requests()[before:]

    assert len(answered) <= 1
    assert [line["status"] for line in reached] in ([], answered)
    assert {line["rule"] for line in reached if line["status"] == 200} <= {"/seen"}


@pytest.mark.long
@pytest.mark.beside
@pytest.mark.parametrize("name", AMBIGUOUS)
def test_the_service_alone_reads_no_second_request_behind_a_doubtful_one(edge: Edge, name: str) -> None:
    """Past the proxy, at the socket itself: doubtful bytes are answered once at most."""
    before = len(edge.service.requests())
    edge.service.raw(AMBIGUOUS[name])
    hidden = [line for line in edge.service.requests()[before:] if line["rule"] == "/open"]

    assert hidden == []
