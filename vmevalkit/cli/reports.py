"""``vmevalkit report``."""

import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vmevalkit.cli.options import DEFAULT_EXPERIMENT, AsJson, DataDir, data_root, print_json, print_table, split

if TYPE_CHECKING:
    from vmevalkit.analysis import Leaderboard, Report
    from vmevalkit.analysis.figures import Drawing

Format = Literal["text", "md", "html", "csv", "json"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(report)


def report(
    experiment: Annotated[
        list[str] | None,
        typer.Option(
            "--experiment",
            help="Name of an experiment; give it once per experiment or separate them by commas.  "
            f"[default: {DEFAULT_EXPERIMENT}]",
            show_default=False,
        ),
    ] = None,
    evaluator: Annotated[
        list[str] | None,
        typer.Option(
            "--evaluator", help="Only these evaluators, human-eval being people.  [default: all]", show_default=False
        ),
    ] = None,
    compare: Annotated[
        list[str] | None,
        typer.Option("--compare", metavar="A,B", help="Compare only these two models; may be given several times."),
    ] = None,
    form: Annotated[
        Format, typer.Option("--format", help="A table for the terminal, or Markdown, a web page, CSV or JSON.")
    ] = "text",
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write to this file and not to the terminal.")
    ] = None,
    figures: Annotated[
        Path | None, typer.Option("--figures", metavar="DIR", help="Write the figures there, as PNG and SVG.")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="In the terminal, show what the other formats show, too.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Say what the scores of an experiment mean: who solves how much, and how sure that is.

    The rate is the share of the scored questions that were solved, with a 95% interval. Errors and missing videos are
    counted apart, and never as failures. --full, and every format but the terminal's, adds which models differ,
    how rates depend on difficulty, how scores are spread, how many questions are enough, and how far evaluators and
    people agree. CSV has the counts alone, a line per experiment, evaluator, model and domain.

    \b
    vmevalkit report
    vmevalkit report --full --compare veo-3,sora-2
    vmevalkit report --format html --output report.html
    vmevalkit report --format md --output report.md --figures figures
    """
    from vmevalkit.analysis import build_report
    from vmevalkit.evaluators import evaluators
    from vmevalkit.progress import Silent, shown
    from vmevalkit.settings import load_settings

    root = data_root(data_dir)
    # Lines of progress between the lines of a report would help nobody.
    with shown("report") if sys.stderr.isatty() else nullcontext(Silent()) as progress:
        found = build_report(
            root,
            list(dict.fromkeys(split(experiment) or [DEFAULT_EXPERIMENT])),
            list(dict.fromkeys(split(evaluator) or [])) or None,
            compared=_pairs(compare),
            registered=evaluators(load_settings().evaluators),
            progress=progress,
        )
    form = "json" if as_json else form
    _show(found, form, output, figures, full=full or bool(compare))
    for problem in found.problems:
        typer.echo(f"error: {root.path / problem.path}: {problem.problem}", err=True)
    if found.more_problems:
        typer.echo(f"error: and {found.more_problems} more", err=True)
    if found.problems:
        raise typer.Exit(1)


def print_leaderboard(board: "Leaderboard") -> None:
    """Print a leaderboard as a table."""
    from vmevalkit.analysis.renderers import rich_leaderboard

    print_table(rich_leaderboard(board))


def _pairs(compare: list[str] | None) -> list[tuple[str, str]] | None:
    from vmevalkit.errors import UsageError

    pairs = []
    for text in compare or ():
        names = [name.strip() for name in text.split(",")]
        if len(names) != 2 or not all(names) or names[0] == names[1]:
            raise UsageError(
                f"--compare takes two models, not {text!r}", hint="separate them by a comma: --compare A,B"
            )
        pairs.append((names[0], names[1]))
    return pairs or None


def _show(found: "Report", form: Format, output: Path | None, figures: Path | None, *, full: bool) -> None:
    from vmevalkit.analysis.figures import drawings
    from vmevalkit.analysis.page import InlineFigure, html
    from vmevalkit.analysis.renderers import csv_text, json_value, markdown, plain_text, rich_tables
    from vmevalkit.analysis.style import inline_svg, svg
    from vmevalkit.dataroot import dump_json, write_text

    written: dict[str, str] = {}
    inline: list[InlineFigure] = []
    if figures is not None or form == "html":
        for drawing in drawings(found):
            picture = svg(drawing.figure, "/".join(drawing.path))
            if form == "html":
                drawn = inline_svg(picture, drawing.caption)
                inline.append(InlineFigure(drawing.part, drawing.table, drawing.shows, drawn))
            if figures is not None:
                written[drawing.caption] = _write_figure(drawing, picture, figures, output)
    if form == "text" and output is None:
        for table in rich_tables(found, full=full):
            print_table(table)
    elif form == "json" and output is None:
        print_json(json_value(found))
    else:
        text = {
            "text": lambda: plain_text(found, full=full),
            "md": lambda: markdown(found, written),
            "html": lambda: html(found, inline),
            "csv": lambda: csv_text(found),
            "json": lambda: dump_json(json_value(found)),
        }[form]()
        if output is None:
            print(text, end="")
        else:
            write_text(output, text)
            typer.echo(f"written: {output}", err=True)
    if figures is not None:
        typer.echo(f"written: {len(written)} figures, as PNG and SVG: {figures}", err=True)


def _write_figure(drawing: "Drawing", picture: str, folder: Path, output: Path | None) -> str:
    """Write a figure in both forms; return the SVG's address as seen from the file that shows it."""
    from vmevalkit.analysis.style import png
    from vmevalkit.dataroot import write_bytes, write_text

    path = folder.joinpath(*drawing.path)
    write_text(path.with_name(f"{path.name}.svg"), picture)
    write_bytes(path.with_name(f"{path.name}.png"), png(drawing.figure))
    beside = output.parent if output is not None else Path()
    return Path(os.path.relpath(path.with_name(f"{path.name}.svg"), beside)).as_posix()
