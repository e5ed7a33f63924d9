"""The licences of all that is installed with VMEvalKit, as the packages state them, held to what we accept."""

import re
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.utils import canonicalize_name

import vmevalkit

REPOSITORY = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
_PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==[^\s;]+(?: ; (?P<marker>[^\\]+?))? ?\\?$", re.MULTILINE)

ACCEPTED = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "CNRI-Python", "ISC", "MIT", "MIT-0"),
        *("MIT-CMU", "PSF-2.0", "Zlib"),
        # Its terms end at its own files; we change none of them.
        "MPL-2.0",
    }
)
"""SPDX identifiers."""

EXCEPTIONS = {
    "chess": ("GPL-3.0-or-later", "the field's rules of chess; imported in one module, named in the README"),
    "docutils": ("GPL", "development only; public domain and BSD but for a mode of Emacs, which nothing loads"),
}
"""Distributions with a licence beyond those, which it is, and why we take them all the same."""

BY_HAND = {"mlcroissant": "Apache-2.0"}
"""Distributions that state no licence in what they install: that of their repository."""

_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "GNU General Public License (GPL)": "GPL",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Public Domain": "CC0-1.0",
    "Python Software Foundation License": "PSF-2.0",
}
_WORDINGS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "BSD": "BSD-3-Clause",
}
_FILES = {
    "Apache-2.0": ("Apache License", "Version 2.0"),
    "MIT": ("Permission is hereby granted, free of charge", 'THE SOFTWARE IS PROVIDED "AS IS"'),
}
"""Words by which the text of a licence is known."""


def locked(locks: Iterable[str] = LOCKS) -> list[str]:
    """Return the names of all distributions that locks would install on this machine."""
    text = "".join((REPOSITORY / lock).read_text() for lock in locks)
    pins = [(pin["name"], pin["marker"]) for pin in _PINNED.finditer(text)]
    return sorted({canonicalize_name(name) for name, marker in pins if not marker or Marker(marker).evaluate()})


def stated(package: Distribution) -> str:
    """Return the licence that a distribution states, as an SPDX expression; empty if nothing says what it is."""
    metadata = package.metadata
    if expression := metadata.get("License-Expression"):
        return expression
    classifiers = [c for c in metadata.get_all("Classifier") or () if c.startswith("License ::")]
    if classifiers:
        names = (c.rpartition(" :: ")[2] for c in classifiers)
        return " AND ".join(_CLASSIFIERS.get(name, f"unknown-{name.replace(' ', '-')}") for name in names)
    word = (metadata.get("License") or "").strip()
    if word and "\n" not in word:
        return _WORDINGS.get(word, word)
    texts = [word, *_licence_files(package)]
    known = {spdx for spdx, words in _FILES.items() if any(all(word in text for word in words) for text in texts)}
    return " AND ".join(sorted(known))


def _licence_files(package: Distribution) -> Iterator[str]:
    for file in package.files or ():
        if ".dist-info/" in str(file) and re.match(r"(?i)licen[cs]e|copying", file.name):
            yield file.read_text(encoding="utf-8")


def accepted(expression: str) -> bool:
    """Tell whether one of the alternatives of a licence consists of accepted ones alone."""
    alternatives = [alternative.split(" AND ") for alternative in expression.split(" OR ")]
    return any(all(part.strip() in ACCEPTED for part in alternative) for alternative in alternatives)


def problem(name: str) -> str | None:
    """Say what is wrong with a distribution's licence, if anything is."""
    try:
        licence = stated(distribution(name)) or BY_HAND.get(name, "")
    except PackageNotFoundError:
        return f"{name}: it is in the lock and not installed: make test installs it"
    if accepted(licence):
        return None
    if name in EXCEPTIONS and set(licence.split(" AND ")) - ACCEPTED == {EXCEPTIONS[name][0]}:
        return None
    return f"{name}: {licence or 'states no licence'}: see EXCEPTIONS and BY_HAND in {Path(__file__).name}"


def test_all_that_the_locks_install_is_under_a_licence_that_we_accept():
    problems = [found for name in locked() if (found := problem(name))]
    assert problems == []


def test_the_locks_are_read_as_a_whole():
    names = locked()
    assert {"chess", "numpy", "pydantic-core", "moto", "zipp"} <= set(names)
    assert len(names) > 150


def test_no_exception_outlives_its_distribution():
    assert {*EXCEPTIONS, *BY_HAND} <= set(locked())


@pytest.mark.parametrize(
    ("expression", "verdict"),
    [
        ("MIT", True),
        ("BSD-3-Clause AND MIT AND Zlib", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND LGPL-2.1-or-later", False),
        ("AGPL-3.0-only", False),
        ("Proprietary", False),
        ("unknown-Other", False),
        ("", False),
    ],
)
def test_a_licence_is_accepted_if_all_parts_of_one_alternative_are(expression, verdict):
    assert accepted(expression) is verdict


def test_a_distribution_that_says_nothing_is_named(tmp_path):
    info = tmp_path / "odd-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n")
    assert stated(Distribution.at(info)) == ""
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1.0\nLicense: All rights reserved\n")
    assert not accepted(stated(Distribution.at(info)))


def test_one_module_of_all_imports_the_chess_package():
    importing = [
        path.relative_to(REPOSITORY).as_posix()
        for path in Path(vmevalkit.__file__).parent.rglob("*.py")
        if re.search(r"^\s*(import|from) chess\b", path.read_text(), re.MULTILINE)
    ]
    assert importing == ["vmevalkit/tasks/chess_task/rules.py"]


def test_libraries_under_the_gpl_inside_a_wheel_are_named():
    """The metadata of such a wheel speaks of its Python code alone."""
    page = (REPOSITORY / "docs/security.md").read_text()
    inside = {file.name.partition("-")[0] for file in distribution("av").files or () if ".so" in file.name}
    for library in inside & {"libx264", "libx265"}:
        assert library.removeprefix("lib") in page
