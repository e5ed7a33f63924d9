"""The reference is made from the code, and says all of it."""

import re
from importlib import import_module

import pytest
from markdown_pages import DOCS, GUIDES, ROOT

generate = import_module("_generate")
PAGES = generate.pages()
GUIDE = " ".join(" ".join(page.read_text("utf-8").split()) for page in GUIDES)


def test_the_pages_are_those_that_the_code_gives():
    there = {path.relative_to(DOCS).as_posix(): path.read_text("utf-8") for path in (DOCS / "reference").rglob("*.md")}
    stale = sorted(path for path in PAGES.keys() | there.keys() if PAGES.get(path) != there.get(path))
    assert not stale, f"{', '.join(stale)}: run 'make reference'"


def test_every_command_and_option_is_in_the_reference():
    page = PAGES["reference/cli.md"]
    for words, context in generate.commands():
        section = page.partition(f"\n## vmevalkit {words}\n")[2].partition("\n## ")[0]
        assert section, words
        for option in context.command.params:
            for spelling in option.opts if option.param_type_name == "option" else ():
                assert spelling in section, f"{words} {spelling}"


def test_every_command_is_in_a_guide():
    for words, _ in generate.commands():
        assert f"vmevalkit {words}" in GUIDE, f"no page of docs/ shows 'vmevalkit {words}'"


def test_every_setting_is_in_the_reference():
    page = PAGES["reference/settings.md"]
    for name in generate.Settings.model_fields:
        for variable in generate.variables(name) or (f"[{name}]",):
            assert f"`{variable}`" in page, variable


def test_every_variable_that_the_code_reads_is_in_the_reference():
    page = PAGES["reference/settings.md"]
    read = re.compile(r"environ(?:\.get\(|\[)\"(\w+)\"|_VARIABLE = \"(\w+)\"")
    for file in [*(ROOT / "vmevalkit").rglob("*.py"), *(ROOT / "web").rglob("*.py")]:
        for found in read.findall(file.read_text("utf-8")):
            name = "".join(found)
            assert f"`{name}`" in page, f"{name}, which {file.name} reads"


def test_every_http_route_is_in_the_reference():
    page = PAGES["reference/http.md"]
    for method, path, operation in generate.routes():
        assert f"\n## {method} {path}\n" in page
        assert operation.get("description"), f"{method} {path} has no docstring"
        for parameter in operation.get("parameters", ()):
            assert f"| `{parameter['name']}` |" in page


@pytest.mark.parametrize("name", [n for group in generate.PYTHON_PACKAGES.values() for n in group])
def test_every_public_name_says_what_it_is(name):
    module = import_module(f"vmevalkit.{name}")
    assert module.__doc__
    for public in generate.public_names(name):
        thing = getattr(module, public)
        if callable(thing) and getattr(thing, "__module__", "").startswith("vmevalkit"):
            assert thing.__doc__, f"vmevalkit.{name}.{public} has no docstring"
