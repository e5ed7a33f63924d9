"""A real S3 server, for the tests of what is sent to one."""

import pytest
from s3_server import s3_server


@pytest.fixture(scope="session")
def s3():
    with s3_server() as server:
        yield server
