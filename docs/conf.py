"""How Sphinx makes the documentation site: ``make docs``."""  # noqa: INP001

import builtins
import re
import sys
from importlib import import_module
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx

from vmevalkit import __version__

sys.path.insert(0, str(Path(__file__).parent))
from _generate import PYTHON_PACKAGES

# Autodoc touches pydantic's base class when it documents the first model; what is imported after that may break.
for _name in (name for names in PYTHON_PACKAGES.values() for name in names):
    import_module(f"vmevalkit.{_name}")

# What Sphinx reads has its names.
project = "VMEvalKit"
author = "The VMEvalKit authors"
copyright = author  # noqa: A001
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
templates_path: list[str] = []

myst_heading_anchors = 4
smartquotes = False  # it would make a dash of the two before an option
default_role = "code"  # our docstrings write names in single backticks

autodoc_default_options = {"members": True, "undoc-members": True, "no-value": True, "exclude-members": "model_config"}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_class_signature = "mixed"
autodoc_preserve_defaults = True
maximum_signature_line_length = 88
add_module_names = False
toc_object_entries_show_parents = "hide"
napoleon_numpy_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
html_title = "VMEvalKit"
html_static_path = ["_static"]
html_css_files = ["calm.css"]
html_logo = "../vmevalkit/web/static/favicon.svg"
html_favicon = "../vmevalkit/web/static/favicon.svg"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True, "sidebar_hide_name": False}
pygments_style = "github-light"
pygments_dark_style = "github-dark"

_LINK = re.compile(r"\]\(([\w/.-]+)\.md\)")
_LINK_OUT = re.compile(r"\[([^\]]+)\]\(\.\./([^)]+)\)")


def setup(app: Sphinx) -> None:
    """Make a site of pages that are written for GitHub."""
    app.connect("source-read", _leave_out_links_to_code)
    app.connect("source-read", _add_contents)
    app.connect("doctree-read", _leave_out_links_of_builtins)
    app.connect("autodoc-process-docstring", _prepare_docstring, priority=400)


def _leave_out_links_to_code(_: Sphinx, page: str, source: list[str]) -> None:
    """Name the files that links out of ``docs/`` lead to: the site does not hold the code."""
    if not page.startswith("reference/"):
        source[0] = _LINK_OUT.sub(r"\1 (`\2`)", source[0])


def _add_contents(_app: Sphinx, page: str, source: list[str]) -> None:
    """Give a page that lists others their table of contents, which its Markdown does not show on GitHub.

    The headings of the index are the captions of the sidebar, and the links below them its entries.
    """
    if page == "reference/python":
        source[0] += _contents("Modules", _LINK.findall(source[0]))
    elif page == "index":
        for section in source[0].split("\n## ")[1:]:
            caption, _, body = section.partition("\n")
            source[0] += _contents(caption, _LINK.findall(body))


def _contents(caption: str, pages: list[str]) -> str:
    entries = "\n".join(dict.fromkeys(pages))
    return f"\n\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{entries}\n```\n" if entries else ""


def _leave_out_links_of_builtins(_: Sphinx, page: nodes.document) -> None:
    """Take ``bytes`` for the type, and not for a field of that name somewhere in our code."""
    for reference in list(page.findall(pending_xref)):
        if reference.get("refdomain") == "py" and hasattr(builtins, reference["reftarget"]):
            reference.replace_self(reference.children)


def _prepare_docstring(_: Sphinx, kind: str, _name: str, thing: object, _options: object, lines: list[str]) -> None:
    """Let napoleon read the docstring of a field as text; drop what Python itself says of a constant or a field."""
    of_its_type = kind == "data" and lines and lines[0] in (type(thing).__doc__ or "")
    if of_its_type or (lines and lines[0].startswith("Alias for field number")):
        lines.clear()
    elif kind in {"attribute", "data", "property"}:
        lines.insert(0, "")  # what stands before a colon in the first line would be taken for a type
