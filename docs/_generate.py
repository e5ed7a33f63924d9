"""Write the reference pages of ``docs/reference/`` from the code. ``make reference`` runs it."""  # noqa: INP001

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from pydantic import AliasChoices
from pydantic_core import PydanticUndefined

from vmevalkit.cli import app
from vmevalkit.dataroot import DataRoot
from vmevalkit.dataroot.files import write_text
from vmevalkit.models import catalogue
from vmevalkit.settings import Settings
from vmevalkit.web import DashboardConfig, create_app

HERE = Path(__file__).parent
_MADE = "<!-- Made by `make reference`: change the code, not this page. -->\n"

PYTHON_PACKAGES = {
    "Making and filming": ("tasks", "models", "runner.create_dataset", "runner.inference"),
    "Scoring": ("evaluators", "runner.evaluation", "runner.audit", "runner.rating", "analysis"),
    "Keeping": ("snapshots", "integrity", "lifecycle", "migration", "export"),
    "Around them": ("runner.preflight", "runner.executors", "dataroot", "catalog", "web", "settings", "errors"),
}
"""The public modules, by what they are for."""

# What the code reads from the environment without being one of the settings.
OTHER_VARIABLES = {
    "VMEVAL_DASHBOARD_TOKEN": "The secret that everybody who opens the dashboard has to know.",
    "OUTPUT_DIR": "`web/app.py`: the experiment that is shown first, in its data root.",
    "QUESTIONS_DIR": "`web/app.py`: the folder with the questions.",
    "MAX_CONTENT_LENGTH": "`web/app.py`: how many bytes a request may have.",
    "RAY_ADDRESS": "The head of the Ray cluster, where `--ray-address` is not given.",
    "SOURCE_DATE_EPOCH": "A moment in seconds since 1970: all timestamps are this one, so that bytes can be compared.",
}


def pages() -> dict[str, str]:
    """Return all generated pages: the path below ``docs/`` and the Markdown."""
    found = {
        "reference/cli.md": _cli_page(),
        "reference/settings.md": _settings_page(),
        "reference/http.md": _http_page(),
        "reference/python.md": _python_page(),
    }
    names = [name for group in PYTHON_PACKAGES.values() for name in group]
    return found | {f"reference/python/{name}.md": _module_page(name) for name in names}


def commands() -> Iterator[tuple[str, typer.Context]]:
    """Yield every command: its words after ``vmevalkit``, and a context to ask it about itself."""
    root = typer.main.get_command(app)
    yield from _below(root, typer.Context(root, info_name="vmevalkit"), "")


def routes() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield every HTTP route of the API: method, path, and what OpenAPI says of it."""
    for path, methods in _openapi()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def variables(name: str) -> tuple[str, ...]:
    """Return the environment variables of a setting; none if it is a table of ``vmevalkit.toml``."""
    alias = Settings.model_fields[name].validation_alias
    if isinstance(alias, AliasChoices):
        return tuple(str(choice) for choice in alias.choices)
    return (str(alias),) if alias is not None else ()


def _below(group: Any, context: typer.Context, words: str) -> Iterator[tuple[str, typer.Context]]:  # noqa: ANN401
    for name, command in group.commands.items():
        own = typer.Context(command, info_name=name, parent=context)
        path = f"{words} {name}".strip()
        yield path, own
        if hasattr(command, "commands"):
            yield from _below(command, own, path)


def _cli_page() -> str:
    known = list(commands())
    lines = [
        "# Commands\n",
        _MADE,
        "Every command has `--help`. The exit status is 0 if all is done, 1 if it is done but something failed or was",
        "found wrong, 2 if the command or a setting was used wrongly, and 130 after Ctrl-C.\n",
    ]
    lines += ["| command | what it does |", "|---|---|"]
    for words, context in known:
        lines.append(f"| [`{words}`](#vmevalkit-{words.replace(' ', '-')}) | {_cell(_summary(context.command.help))} |")
    for words, context in known:
        lines += ["", f"## vmevalkit {words}", "", *_command(context)]
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def _command(context: typer.Context) -> list[str]:
    command: Any = context.command
    lines = [_text(inspect.cleandoc(command.help or "")), "", "```text"]
    lines += [f"{context.command_path} {' '.join(command.collect_usage_pieces(context))}", "```"]
    rows = [record for option in command.params if (record := option.get_help_record(context)) and not option.hidden]
    if rows:
        lines += ["", "| option | meaning |", "|---|---|"]
        lines += [f"| `{_cell(_plain(name), code=True)}` | {_meaning(text)} |" for name, text in rows]
    return lines


def _plain(name: str) -> str:
    return re.sub(r"<list\[(.*?)\]>", r"<\1>", name).replace(" range>", ">")


def _meaning(text: str) -> str:
    said, *extras = re.split(r"  (?=\[)", " ".join(text.split("\n")))
    words = [_cell(said)]
    for extra in "  ".join(extras).strip("[]").replace("]  [", "; ").split("; ") if extras else ():
        kind, colon, value = extra.partition(": ")
        if not colon and kind != "required":
            words.append(f"`{kind}`.")  # a range, such as x>=1
            continue
        plain = colon and re.fullmatch(r"[\w.-]+", value)
        words.append(f"{kind.capitalize()}{colon}{f'`{value}`' if plain else _cell(value)}.")
    return " ".join(words)


def _settings_page() -> str:
    lines = ["# Settings\n", _MADE, "An option of a command beats the environment, which beats `.env` in the working"]
    lines += ["directory, which beats `vmevalkit.toml` there, which beats the default.\n"]
    lines += ["| variable | in `vmevalkit.toml` | default | meaning |", "|---|---|---|---|"]
    tables = []
    for name, field in Settings.model_fields.items():
        if not (environment := variables(name)):
            tables.append(f"| `[{name}]` | {_cell(field.description or '')} |")
            continue
        default = "none" if field.default in {None, PydanticUndefined} else f"`{field.default}`"
        both = ", ".join(f"`{variable}`" for variable in environment)
        lines.append(f"| {both} | `{name}` | {default} | {_cell(field.description or '')} |")
    lines += ["", "## Tables of vmevalkit.toml", "", "| table | meaning |", "|---|---|", *tables]
    lines += ["", "## Other variables", "", "| variable | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in OTHER_VARIABLES.items()]
    lines += [
        "",
        "## Keys of services",
        "",
        "Read from the environment and from `.env`, and never written anywhere.",
        "",
    ]
    lines += ["| variable | models |", "|---|---|"]
    lines += [f"| `{key}` | {', '.join(f'`{name}`' for name in names)} |" for key, names in sorted(_keys().items())]
    return "\n".join(lines) + "\n"


def _keys() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for entry in catalogue().values():
        for key in entry.needs:
            found.setdefault(key, []).append(entry.name)
    return found


def _openapi() -> dict[str, Any]:
    return create_app(DashboardConfig(DataRoot(Path("data")))).openapi()


def _http_page() -> str:
    schema = _openapi()
    lines = ["# HTTP API\n", _MADE, schema["info"]["description"], ""]
    lines += ["The dashboard shows this page at `/docs`; programs take `/openapi.json`.", ""]
    known = list(routes())
    lines += ["| route | what it answers |", "|---|---|"]
    for method, path, operation in known:
        lines.append(f"| [`{method} {path}`](#{_anchor(f'{method} {path}')}) | {_cell(_about(operation)[0])} |")
    for method, path, operation in known:
        lines += ["", f"## {method} {path}", "", "\n\n".join(_about(operation))]
        if parameters := operation.get("parameters"):
            lines += ["", "| parameter | in | meaning |", "|---|---|---|"]
            lines += [f"| `{p['name']}` | {p['in']} | {_parameter(p)} |" for p in parameters]
    return "\n".join(lines) + "\n"


def _about(operation: dict[str, Any]) -> list[str]:
    text = (operation.get("description") or operation["summary"]).replace("``", "`")
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]


def _parameter(parameter: dict[str, Any]) -> str:
    schema = parameter["schema"]
    words = [f"{_cell(parameter.get('description') or parameter['name'])}."]
    if choices := schema.get("enum"):
        words.append("One of " + ", ".join(f"`{choice}`" for choice in choices) + ".")
    if schema.get("default") not in {None, ""}:
        words.append(f"Default: `{schema['default']}`.")
    return " ".join(word for word in words if word)


def _python_page() -> str:
    lines = [
        "# Python API\n",
        _MADE,
        "What these modules name is public: it changes only with a line in the changelog.",
    ]
    lines += ["Whatever begins with an underscore, and every other module, may change at any time.\n"]
    for title, names in PYTHON_PACKAGES.items():
        lines += [f"## {title}", "", "| module | what it is for |", "|---|---|"]
        lines += [
            f"| [`vmevalkit.{name}`](python/{name}.md) | {_cell(_summary(_module(name).__doc__))} |" for name in names
        ]
        lines.append("")
    return "\n".join(lines)


def _module_page(name: str) -> str:
    lines = [f"# vmevalkit.{name}", "", _MADE, "```{eval-rst}", f".. automodule:: vmevalkit.{name}", "   :members:"]
    source = inspect.getsource(_module(name))
    for public in public_names(name):
        thing = getattr(_module(name), public)
        is_constant = not (inspect.isclass(thing) or inspect.isroutine(thing))
        if is_constant and not re.search(rf"^{public}\b.*=", source, re.MULTILINE):
            # Of another module of ours: automodule passes over it.
            lines += ["", f".. autodata:: vmevalkit.{name}.{public}"]
    return "\n".join([*lines, "```"]) + "\n"


def public_names(name: str) -> list[str]:
    """Return the public names of a module below ``vmevalkit``: its ``__all__``, which it has to have."""
    return sorted(_module(name).__all__)


def _module(name: str) -> Any:  # noqa: ANN401
    return import_module(f"vmevalkit.{name}")


def _summary(text: str | None) -> str:
    return " ".join(inspect.cleandoc(text or "").split("\n\n")[0].split())


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _text(text: str) -> str:
    """Escape what Markdown would take for markup, outside of code."""
    parts = re.split(r"(`+[^`]+`+)", text)
    return "".join(p if p.startswith("`") else re.sub(r"([*<\[\]\\])", r"\\\1", p) for p in parts)


def _cell(text: str, *, code: bool = False) -> str:
    return (text if code else _text(" ".join(text.replace("``", "`").split()))).replace("|", "\\|")


def main() -> None:
    """Write the pages, and remove what is no page any more."""
    made = pages()
    for path, text in made.items():
        write_text(HERE / path, text)
    for old in (HERE / "reference").rglob("*.md"):
        if old.relative_to(HERE).as_posix() not in made:
            old.unlink()


if __name__ == "__main__":
    main()
