"""Moto's S3 server on loopback; if asked, it remembers what it was asked."""

import io
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, unquote

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY"


@dataclass(frozen=True)
class Request:
    method: str
    query: dict[str, list[str]]
    keys: tuple[str, ...]
    """The objects that it is about; none if it is about the bucket."""
    source: str
    """The object that is copied; empty if none is."""


@dataclass
class S3Server:
    url: str = ""
    requests: list[Request] = field(default_factory=list)
    """What it was asked since the last bucket was made, if it records that."""

    def bucket(self, name: str) -> str:
        """Make a bucket; return its URL."""
        import boto3

        client = boto3.client(
            "s3", endpoint_url=self.url, aws_access_key_id=KEY, aws_secret_access_key=SECRET, region_name="us-east-1"
        )
        client.create_bucket(Bucket=name)
        self.requests.clear()
        return f"s3://{name}"


@contextmanager
def s3_server(*, records: bool = False) -> Iterator[S3Server]:
    """Run the server, one request at a time: its conditional writes are not atomic otherwise."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    moto, turn, served = DomainDispatcherApplication(create_backend_app), Lock(), S3Server()

    def application(environ, start_response):
        with turn:
            if records:
                served.requests.append(_noted(environ))
            return list(moto(environ, start_response))

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, application, threaded=True)
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _noted(environ: dict[str, Any]) -> Request:
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    key = environ["PATH_INFO"].lstrip("/").partition("/")[2]
    keys: tuple[str, ...] = (key,) if key else ()
    if "delete" in query:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        environ["wsgi.input"] = io.BytesIO(body)
        keys = tuple(found.decode() for found in re.findall(rb"<Key>([^<]*)</Key>", body))
    source = unquote(environ.get("HTTP_X_AMZ_COPY_SOURCE", "")).lstrip("/").partition("/")[2]
    return Request(environ["REQUEST_METHOD"], query, keys, source)
