"""An S3 server on loopback, and a proxy before it that counts requests by their kind."""

import re
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

KEY, SECRET = "testkey", "testsecret"
KINDS = ("LIST", "GET", "HEAD", "PUT", "COPY", "POST", "DELETE", "5xx")
"""A COPY is a PUT of bytes that the server has; what the server failed to do is not counted by its verb, but as 5xx."""

_START_SECONDS = 20.0
_STOP_SECONDS = 3.0
_LISTENING = re.compile(r"\[(http://127\.0\.0\.1:\d+)/\]")


@contextmanager
def s3_server(rclone: str, served: Path, log: Path) -> Iterator[str]:
    """Serve a folder, whose sub-folders are the buckets, until the block ends; yields the endpoint.

    The server takes no notice of buckets that are made or removed behind its back while it runs.

    Raises:
        RuntimeError: it did not start.

    """
    command = [rclone, "serve", "s3", str(served), "--addr", "127.0.0.1:0", "--auth-key", f"{KEY},{SECRET}"]
    # A store has its ETags at hand. This one would read and hash every file for each listing of it, and whoever
    # compares by listings would wait for that.
    command += ["--config", "/dev/null", "--vfs-cache-mode", "off", "--etag-hash", ""]
    with log.open("wb") as out, subprocess.Popen(command, stderr=out) as server:
        try:
            yield _endpoint(server, log)
        finally:
            server.terminate()
            try:
                server.wait(timeout=_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()  # It waits for open connections.


def _endpoint(server: subprocess.Popen[bytes], log: Path) -> str:
    give_up = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < give_up:
        if found := _LISTENING.search(log.read_text()):
            return found[1]
        time.sleep(0.02)
    raise RuntimeError(f"rclone did not start: {log.read_text()[-500:]}")


class Counts:
    """How many requests of each kind there were; written to by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counter: Counter[str] = Counter()

    def add(self, kind: str) -> None:
        """Count a request."""
        with self._lock:
            self._counter[kind] += 1

    def take(self) -> dict[str, int]:
        """Return what has been counted since the last call, with all of `KINDS`."""
        with self._lock:
            counter, self._counter = self._counter, Counter()
        return {kind: counter[kind] for kind in KINDS}


@contextmanager
def counting_proxy(endpoint: str) -> Iterator[tuple[str, Counts]]:
    """Pass requests on to a server until the block ends; yields the proxy's own endpoint and the counts."""
    counts = Counts()
    with _Proxy(endpoint, counts) as proxy:
        thread = threading.Thread(target=proxy.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{proxy.server_port}", counts
        finally:
            proxy.shutdown()
            thread.join()


class _Proxy(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, endpoint: str, counts: Counts) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = urlsplit(endpoint).netloc
        self.counts = counts


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client, with one of its own to the server. Headers go through as signed."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self._proxy = cast("_Proxy", self.server)
        self._upstream = HTTPConnection(self._proxy.upstream)

    def finish(self) -> None:
        self._upstream.close()
        super().finish()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Say nothing."""

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self._upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            self._upstream.putheader(name, value)
        self._upstream.endheaders(body or None)
        response = self._upstream.getresponse()
        data = response.read()
        self._proxy.counts.add(self._kind() if response.status < 500 else "5xx")
        self.send_response_only(response.status, response.reason)
        for name, value in response.getheaders():
            if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                self.send_header(name, value)
        # An answer to HEAD has no body, but tells the length that it would have.
        self.send_header("Content-Length", response.getheader("Content-Length") or str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _forward  # noqa: N815 - the names are http.server's

    def _kind(self) -> str:
        if self.command == "PUT" and self.headers.get("x-amz-copy-source"):
            return "COPY"
        bucket_alone = "/" not in urlsplit(self.path).path.strip("/")
        return "LIST" if self.command == "GET" and bucket_alone else self.command
