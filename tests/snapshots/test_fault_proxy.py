"""The proxy that the tests of faults stand on does what it says."""

import http.client
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

import pytest
from support.fault_proxy import KINDS, FaultProxy

BODY = b"0123456789"


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.headers["Host"], body))
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_):
        pass


@pytest.fixture
def echo() -> Iterator[ThreadingHTTPServer]:
    """A server that notes what it is sent, and answers with ten digits."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        server.seen = []
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@contextmanager
def _asked(
    server: ThreadingHTTPServer, *, timeout: float = 60, **options
) -> Iterator[tuple[FaultProxy, http.client.HTTPConnection]]:
    """Give a proxy before a server, and a connection to it on which ten letters have been sent."""
    with (
        FaultProxy(f"http://127.0.0.1:{server.server_port}", **options) as proxy,
        closing(http.client.HTTPConnection(urlsplit(proxy.url).netloc, timeout=timeout)) as connection,
    ):
        connection.request("PUT", "/key", b"abcdefghij", {"Host": "signed.example"})
        yield proxy, connection


def _different_bits(one: bytes, other: bytes) -> int:
    assert len(one) == len(other)
    return sum((a ^ b).bit_count() for a, b in zip(one, other, strict=True))


def test_it_passes_requests_on_as_they_are(echo):
    with _asked(echo, share=0) as (proxy, connection):
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, BODY)
        assert (proxy.requests, proxy.faults) == (1, Counter())
    assert echo.seen == [("signed.example", b"abcdefghij")]


@pytest.mark.parametrize(("kind", "status", "code"), [("500", 500, b"InternalError"), ("503", 503, b"SlowDown")])
def test_it_refuses_as_s3_does(echo, kind, status, code):
    with _asked(echo, share=1, kinds=[kind]) as (proxy, connection):
        response = connection.getresponse()
        assert response.status == status
        assert b"<Code>%s</Code>" % code in response.read()
        assert proxy.faults == {kind: 1}
    assert echo.seen == []


@pytest.mark.parametrize(("kind", "error"), [("reset", ConnectionResetError), ("stall", TimeoutError)])
def test_it_resets_and_stalls_before_or_after_the_server_has_acted(echo, kind, error):
    for seed in range(8):
        with _asked(echo, timeout=0.5 if kind == "stall" else 60, share=1, kinds=[kind], seed=seed) as (
            proxy,
            connection,
        ):
            with pytest.raises(error):
                connection.getresponse()
            assert proxy.faults == {kind: 1}
    assert 0 < len(echo.seen) < 8


def test_it_cuts_an_answer_short(echo):
    with _asked(echo, share=1, kinds=["truncate"]) as (proxy, connection):
        response = connection.getresponse()
        with pytest.raises(http.client.IncompleteRead):
            response.read()
        assert proxy.faults == {"truncate": 1}


def test_it_turns_over_one_bit_on_the_way_up_or_down(echo):
    with _asked(echo, share=1, kinds=["flip-up"]) as (proxy, connection):
        assert connection.getresponse().read() == BODY
        assert proxy.faults == {"flip-up": 1}
    assert _different_bits(echo.seen[0][1], b"abcdefghij") == 1
    with _asked(echo, share=1, kinds=["flip-down"]) as (proxy, connection):
        assert _different_bits(connection.getresponse().read(), BODY) == 1
        assert proxy.faults == {"flip-down": 1}
    assert echo.seen[1][1] == b"abcdefghij"


def test_it_treats_the_share_of_the_requests_badly_that_it_is_told_to():
    with FaultProxy("http://127.0.0.1:9", share=0.05, seed=1) as proxy:
        drawn = Counter(proxy.draw("PUT", "/key", sends=True)[0] for _ in range(10_000))
    assert 400 < 10_000 - drawn.pop(None) < 600
    assert set(drawn) == set(KINDS)


def test_it_spares_what_it_is_told_to(echo):
    with _asked(echo, share=1, kinds=["503"], only="/key", most=1) as (proxy, connection):
        for path, status in [("/key", 503), ("/other", 200), ("/key", 200)]:
            if path != "/key" or proxy.requests > 1:
                connection.request("PUT", path, b"")
            response = connection.getresponse()
            assert (response.status, bool(response.read())) == (status, True)
