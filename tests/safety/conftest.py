"""A real S3 server that remembers what it was asked."""

import pytest
from support.s3_server import s3_server


@pytest.fixture(scope="session")
def s3():
    with s3_server(records=True) as server:
        yield server
