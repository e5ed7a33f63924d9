"""The pages of the documentation, and what stands in them: shell blocks, commands, links and anchors."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GUIDES = [*(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")), *sorted(DOCS.glob("*.md"))]
"""What people write; the pages of ``docs/reference/`` are made from the code."""
PAGES = [*GUIDES, ROOT / "CHANGELOG.md", *sorted((DOCS / "reference").rglob("*.md"))]

_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of shell lines."""

    page: Path
    line: int
    text: str

    @property
    def place(self) -> str:
        return f"{name_of(self.page)}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """The commands in it, each with all lines that belong to it."""
        found, part = [], ""
        for line in self.text.splitlines():
            part = f"{part}\n{line}" if part else line
            if _is_whole(part):
                if part.strip() and not part.lstrip().startswith("#"):
                    found.append(part)
                part = ""
        assert not part, f"{self.place}: {part!r} does not end"
        return found


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    text = page.read_text("utf-8")
    return [
        Block(page, text.count("\n", 0, found.start()) + 1, found[2])
        for found in _FENCE.finditer(text)
        if found[1] == "bash"
    ]


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return _FENCE.sub("", page.read_text("utf-8"))


def inline_commands(page: Path) -> Iterator[str]:
    """Yield what stands in backticks and begins with ``vmevalkit`` and a word."""
    for code in re.findall(r"`([^`]+)`", prose(page)):
        if re.match(r"vmevalkit [a-z]", code):
            yield " ".join(code.split())


def links(page: Path) -> Iterator[str]:
    """Yield the targets of all links and pictures but those of other sites."""
    text = re.sub(r"`[^`]*`", "", prose(page))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith(("https://", "http://")):
            yield target


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    found: set[str] = set()
    for heading in _HEADING.findall(prose(page)):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        number = next(n for n in range(100) if (f"{slug}-{n}" if n else slug) not in found)
        found.add(f"{slug}-{number}" if number else slug)
    return found


def _is_whole(command: str) -> bool:
    if command.endswith(("\\", "|", "&&")):
        return False
    try:
        shlex.split(command, comments=True)
    except ValueError:
        return False
    return True
