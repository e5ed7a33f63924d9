"""A proxy on loopback between our client and a real object store that treats a share of the requests badly.

Headers pass through unchanged, ``Host`` among them: S3's signatures cover it.
"""

import http.client
import math
import random
import socket
import struct
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Self
from urllib.parse import urlsplit

KINDS = ("500", "503", "reset", "stall", "truncate", "flip-up", "flip-down")
"""What can happen to a request.

``500``, ``503``: it is refused with S3's error body. ``reset``: the connection breaks. ``stall``: nothing is said until
the client gives up. ``truncate``: the answer ends in the middle. ``flip-up``, ``flip-down``: one bit is turned over in
what is sent, or in what comes back.
"""

_REFUSALS = {
    "500": (500, "InternalError", "We encountered an internal error. Please try again."),
    "503": (503, "SlowDown", "Please reduce your request rate."),
}
_NOT_RELAYED = ("connection", "content-length", "keep-alive", "transfer-encoding")
_NO_LINGER = struct.pack("ii", 1, 0)


class FaultProxy:
    """The proxy; it runs for the length of a ``with`` block.

    Args:
        upstream: the server's URL.
        share: how many of the requests are treated badly, from 0 to 1.
        kinds: in which ways, each as often as the others.
        seed: which requests and ways it will be, if they come in the same order.
        only: spare requests whose address does not have this in it.
        most: spare all requests after so many faults.

    """

    def __init__(
        self,
        upstream: str,
        *,
        share: float = 0.05,
        kinds: Iterable[str] = KINDS,
        seed: int = 0,
        only: str = "",
        most: float = math.inf,
    ) -> None:
        self.share, self.kinds, self.only, self.most = share, tuple(kinds), only, most
        self.requests = 0
        self.faults: Counter[str] = Counter()
        self._random, self._lock = random.Random(seed), Lock()
        self._server = _Server(self, urlsplit(upstream).netloc)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()

    def draw(self, method: str, path: str, sends: bool) -> tuple[str | None, float]:
        """Decide over a request: what happens to it (`None`: nothing), and where in it, from 0 to 1.

        Args:
            method: the request's.
            path: what it asks for.
            sends: whether it has a body.

        """
        possible = [
            kind
            for kind in self.kinds
            if not (kind == "flip-up" and not sends) and not (kind in ("truncate", "flip-down") and method == "HEAD")
        ]
        with self._lock:
            self.requests += 1
            if not possible or self.only not in path or self.faults.total() >= self.most:
                return None, 0.0
            if self._random.random() >= self.share:
                return None, 0.0
            return self._random.choice(possible), self._random.random()

    def count(self, kind: str) -> None:
        with self._lock:
            self.faults[kind] += 1


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def __init__(self, proxy: FaultProxy, upstream: str) -> None:
        self.proxy, self.upstream = proxy, upstream
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request, client_address) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request) -> None:
        with self._lock:
            self._open.discard(request)
        request.close()  # The usual farewell before it would turn a reset into an orderly end.

    def hang_up(self) -> None:
        """End the connections that clients keep open: their threads wait for another request."""
        with self._lock, suppress(OSError):
            for connection in self._open:
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle(self) -> None:
        with suppress(ConnectionError):  # The client has gone.
            super().handle()

    def _relay(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True  # The client was killed in the middle of it.
            return
        fault, where = self.server.proxy.draw(self.command, self.path, bool(body))
        if fault in _REFUSALS:
            self._refuse(fault)
        elif fault == "flip-up":
            self._count(fault)
            self._answer(*self._ask(_flipped(body, where)))
        elif fault in ("reset", "stall"):
            self._count(fault)
            if where < 0.5:  # The request is lost; otherwise only its answer is.
                self._ask(body)
            self._fall_silent(reset=fault == "reset")
        else:
            response, answer = self._ask(body)
            if fault == "flip-down" and answer:
                self._count(fault)
                answer = _flipped(answer, where)
            cut = int(len(answer) * where) if fault == "truncate" and answer else None
            if cut is not None:
                self._count("truncate")
            self._answer(response, answer, cut)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _relay  # noqa: N815 - the base class looks for these names

    def _count(self, fault: str) -> None:
        self.server.proxy.count(fault)

    def _ask(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=60)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                upstream.putheader(name, value)
            upstream.endheaders(body or None)
            response = upstream.getresponse()
            return response, response.read()
        finally:
            upstream.close()

    def _answer(self, response: http.client.HTTPResponse, body: bytes, cut: int | None = None) -> None:
        self.send_response_only(response.status, response.reason)
        for name, value in response.headers.items():
            if name.lower() not in _NOT_RELAYED:
                self.send_header(name, value)
        if self.command == "HEAD":
            self.send_header("Content-Length", response.headers.get("Content-Length", "0"))
        elif response.status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut])
        self.close_connection = self.close_connection or cut is not None

    def _refuse(self, fault: str) -> None:
        self._count(fault)
        status, code, message = _REFUSALS[fault]
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
        body = b"" if self.command == "HEAD" else text.encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _fall_silent(self, *, reset: bool) -> None:
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        else:
            self.rfile.read(1)  # Nothing more comes: this returns when the client has closed the connection.
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


def _flipped(data: bytes, where: float) -> bytes:
    """Return ``data`` with one bit turned over, at a place from 0 (the first) to 1."""
    bit = int(where * len(data) * 8)
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
