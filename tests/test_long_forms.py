"""``make test-long`` forgets no test that has a long form."""

import re
from pathlib import Path

TESTS = Path(__file__).parent


def files_with(pattern: str, name: str) -> set[str]:
    found = (path for path in TESTS.rglob(name) if re.search(pattern, path.read_text("utf-8"), re.MULTILINE))
    return {path.relative_to(TESTS).as_posix() for path in found}


def test_the_files_with_a_long_form_are_those_that_carry_the_marker():
    assert files_with(r"^from support\.long import", "test_*.py") == files_with(r"^@pytest\.mark\.long$", "test_*.py")


def test_one_place_asks_for_the_long_forms():
    assert files_with(r"\"VMEVAL_LONG\"", "*.py") == {"support/long.py"}
