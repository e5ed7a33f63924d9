"""A report as text, Markdown, HTML, CSV, JSON and figures."""

import csv
import io
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from vmevalkit.analysis.figures import drawings
from vmevalkit.analysis.page import InlineFigure, html
from vmevalkit.analysis.renderers import CSV_COLUMNS, csv_text, json_value, markdown, plain_text
from vmevalkit.analysis.report import build_report
from vmevalkit.analysis.style import inline_svg, png, short, styled, svg

EXPERIMENT = "pilot_experiment"
VOID = {"meta", "link", "br", "img", "hr", "input"}


@pytest.fixture(scope="module")
def report(small_to_read):
    return build_report(small_to_read.root, [EXPERIMENT])


@pytest.fixture(scope="module")
def drawn(report):
    """Each figure with its SVG."""
    return [(drawing, svg(drawing.figure, "/".join(drawing.path))) for drawing in drawings(report)]


@pytest.fixture(scope="module")
def page(report, drawn):
    figures = [InlineFigure(d.part, d.table, d.shows, inline_svg(picture, d.caption)) for d, picture in drawn]
    return html(report, figures)


def markdown_tables(text):
    """Return the rows of each table, split at the bars that are not escaped."""
    for block in text.split("\n\n"):
        if block.startswith("|"):
            yield [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in block.splitlines()]


class Balanced(HTMLParser):
    """Notes tags that are closed in the wrong order, and whatever could load something."""

    def __init__(self):
        super().__init__()
        self.open, self.wrong, self.loads, self.ids = [], [], [], []

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)
        named = dict(attributes)
        self.ids += [named["id"]] if "id" in named else []
        self.loads += [tag] if tag in {"script", "link", "img", "iframe", "object", "image"} else []
        self.loads += [v for k, v in attributes if k in {"src", "href", "xlink:href"} and not v.startswith("#")]

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_text_has_a_leaderboard_per_evaluator_and_everything_if_asked(report):
    short_text, full_text = plain_text(report, full=False), plain_text(report, full=True)
    assert short_text.count("scored by") == 3
    assert "5 of 6" in short_text
    assert "Models compared" not in short_text
    for title in ("Models compared", "Difficulty", "Scores", "Sample size", "Evaluators", "Raters of human-eval"):
        assert title in full_text


def test_text_warns_of_several_versions_and_of_runs_that_do_not_count(lab):
    keys = lab.ask("maze", 2)
    lab.rate("model", keys[0], 5, version="1", run="1")
    lab.rate("model", keys[1], 5, version="2", run="1")
    lab.rate("model", keys[1], 5, version="2", run="2")
    text = " ".join(plain_text(build_report(lab.root, [EXPERIMENT]), full=False).split())
    assert "versions 1, 2 of RuleEvaluator" in text
    assert "1 earlier one left out" in text


def test_every_markdown_table_is_rectangular_and_has_its_rule(report):
    tables = list(markdown_tables(markdown(report)))
    assert len(tables) > 15
    for rows in tables:
        assert len({len(row) for row in rows}) == 1
        assert all(re.fullmatch(r":--|--:", cell) for cell in rows[1])


def test_the_markdown_leaderboard_says_what_is_known(report):
    head, _, *rows = next(markdown_tables(markdown(report)))
    assert head == [
        "model", "solved", "rate", "95% interval", "coverage", "chess", "maze", "errors", "missing"
    ]  # fmt: skip
    assert rows == [
        ["good", "5 of 6", "83%", "44\N{EN DASH}97%", "100%", "3/3", "2/3", "0", "0"],
        ["poor", "1 of 4", "25%", "5\N{EN DASH}70%", "67%", "1/3", "0/1", "1", "1"],
        ["idle", "0 of 0", *["\N{EN DASH}"] * 2, "0%", *["\N{EN DASH}"] * 2, "0", "6"],
    ]


@pytest.mark.parametrize(
    "name", ["a|b", "<b>bold</b>", "*star*", "_low_", "[link](x)", "`code`", "line\nbreak", "&lt;"]
)
def test_a_difficulty_with_any_name_breaks_no_table_and_no_page(lab, name):
    keys = lab.ask("maze", 2, difficulties=("easy", name))
    lab.rate_all("model", keys, [5, 1])
    report = build_report(lab.root, [EXPERIMENT])
    assert all(len({len(row) for row in rows}) == 1 for rows in markdown_tables(markdown(report)))
    assert not re.search(rf"(?<!\\){re.escape(name)}", markdown(report))
    page = html(report, [])
    assert "<b>" not in page
    assert tags_of(page).wrong == []


def test_names_read_as_they_are_in_markdown(report):
    text = markdown(report)
    assert "## pilot_experiment, scored by RuleEvaluator" in text
    assert "\\_" not in text


def test_markdown_shows_the_figures_that_there_are(report):
    text = markdown(report, {"the [caption]": "figures/a.svg"})
    assert text.endswith("![the \\[caption\\]](figures/a.svg)\n")
    assert "Figures" not in markdown(report)


def test_csv_has_a_line_per_experiment_evaluator_model_and_domain(report):
    rows = list(csv.DictReader(io.StringIO(csv_text(report))))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert len(rows) == 3 * 3 * 2
    assert len({(r["experiment"], r["evaluator"], r["model"], r["domain"]) for r in rows}) == len(rows)
    (poor,) = (r for r in rows if (r["evaluator"], r["model"], r["domain"]) == ("RuleEvaluator", "poor", "maze"))
    assert (poor["questions"], poor["scored"], poor["passed"], poor["errors"], poor["missing"]) == tuple("31011")
    assert (poor["rate"], poor["coverage"]) == ("0.000000", "0.333333")


def test_what_has_no_rate_is_empty_in_csv_and_null_in_json(report):
    rows = csv.DictReader(io.StringIO(csv_text(report)))
    assert {(r["rate"], r["rate_low"], r["rate_high"]) for r in rows if r["model"] == "idle"} == {("", "", "")}
    idle = json_value(report)["models"][-1]
    assert (idle["model"], idle["total"]["rate"], idle["total"]["interval"]) == ("idle", None, None)


def test_json_is_strict_and_has_every_section(report):
    value = json.loads(json.dumps(json_value(report), allow_nan=False))
    assert (value["experiment"], value["evaluator"]) == (EXPERIMENT, "RuleEvaluator")
    assert [board["evaluator"] for board in value["further"]] == ["GPT4OEvaluator", "human-eval"]
    assert {"models", "comparisons", "difficulty", "scores", "sample_size"} <= set(value["further"][0])
    assert value["agreement"][0]["raters"][0]["pairs"][0]["runs"] == 5


def test_the_page_is_well_formed_and_loads_nothing(page):
    seen = tags_of(page)
    assert (seen.wrong, seen.open, seen.loads) == ([], [], [])
    assert "http" not in page
    assert not re.findall(r"url\((?!#)|@import", page)


def test_the_page_has_every_figure_with_words_for_those_who_do_not_see_it(page, drawn):
    labels = re.findall(r'<svg role="img" aria-label="([^"]+)"', page)
    assert len(labels) == page.count("<figcaption>") == len(drawn) == 18
    assert "pilot_experiment, scored by RuleEvaluator: success rate by domain, in percent" in labels


def test_no_two_elements_of_the_page_that_are_pointed_at_share_a_name_and_differ(page):
    named = re.findall(r'<(?:clipPath|path|g|section) id="([^"]+)"[^>]*>', page)
    bodies = {}
    for name in set(named):
        if name.startswith("part-"):
            assert named.count(name) == 1
        for body in re.findall(rf'<path id="{re.escape(name)}"[^>]*>', page):
            bodies.setdefault(name, set()).add(body)
    assert all(len(different) == 1 for different in bodies.values())


def test_the_page_follows_the_readers_light_and_dark(page):
    assert "prefers-color-scheme: dark" in page
    assert "var(--text)" in page[page.index("<svg") :]
    assert "#1b2128" not in page[page.index("<svg") :]


def test_files_that_cannot_be_read_are_named_without_the_hosts_paths(small):
    small.root.evaluation_file(EXPERIMENT, "good", next(small.root.iter_pairs()), "RuleEvaluator").write_text("{")
    report = build_report(small.root, [EXPERIMENT])
    for text in (html(report, []), json.dumps(json_value(report))):
        assert "evaluations/pilot_experiment/good/chess_task/chess_0000/RuleEvaluator.json: malformed JSON" in text
        assert str(small.root.path) not in text


def test_every_figure_is_valid_svg(drawn):
    for _, picture in drawn:
        assert ET.fromstring(picture).tag.endswith("svg")  # noqa: S314 - our own text


def test_a_figure_is_a_png_of_a_size_to_print(drawn):
    with Image.open(io.BytesIO(png(drawn[0][0].figure))) as image:
        image.load()
        assert image.width > 1000


def test_figures_are_the_same_bytes_in_every_process(small_to_read):
    code = (
        "import hashlib, sys; from pathlib import Path\n"
        "from vmevalkit.analysis.figures import drawings; from vmevalkit.analysis.style import png, svg\n"
        "from vmevalkit.analysis.report import build_report; from vmevalkit.dataroot import DataRoot\n"
        "report = build_report(DataRoot(Path(sys.argv[1])), ['pilot_experiment'], ['RuleEvaluator'])\n"
        "for d in drawings(report):\n"
        "    data = svg(d.figure, 'x').encode() + (png(d.figure) if d.path[-1] == 'rates' else b'')\n"
        "    print(d.path, hashlib.sha256(data).hexdigest())\n"
    )
    command = [sys.executable, "-c", code, small_to_read.root.path]
    seen = {
        subprocess.run(command, env={"PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout
        for seed in ("0", "1")
    }
    assert len(seen) == 1
    assert len(seen.pop().splitlines()) == 6


@pytest.mark.parametrize("models", [1, 5, 40])
def test_no_label_lies_over_another_or_leaves_the_figure(lab, models):
    keys = lab.ask("maze", 6)
    for m in range(models):
        name = f"a-provider-with-a-rather-long-name-video-model-{m:02d}"
        lab.rate_all(name, keys, [1 + (m + q) % 5 for q in range(6)])
    for drawing in drawings(build_report(lab.root, [EXPERIMENT])):
        with styled():
            drawing.figure.canvas.draw()
        assert overlaps(drawing.figure) == [], drawing.path


def test_a_long_name_keeps_both_of_its_ends():
    assert short("a-provider-with-a-long-name.model-v2.5", 21) == "a-provider…model-v2.5"
    assert short("short") == "short"


@pytest.mark.parametrize("name", ["schwer & tückisch", "難しい", "$x_1$", "a name as long as a sentence about it"])
def test_a_difficulty_in_any_script_is_drawn_without_a_complaint(lab, name):
    keys = lab.ask("maze", 2, difficulties=("easy", name))
    lab.rate_all("model", keys, [5, 1])
    for drawing in drawings(build_report(lab.root, [EXPERIMENT])):
        assert ET.fromstring(svg(drawing.figure, "x")).tag.endswith("svg")  # noqa: S314 - our own text


def overlaps(figure):
    """Return the texts that lie over each other or outside."""
    renderer = figure.canvas.get_renderer()
    boxes = []
    for axes in figure.axes:
        texts = [*axes.texts, axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label]
        texts += [*axes.get_xticklabels(), *axes.get_yticklabels()]
        boxes += [
            (text.get_text(), text.get_window_extent(renderer))
            for text in texts
            if text.get_visible() and text.get_text().strip()
        ]
    page = figure.bbox.padded(1)
    outside = [name for name, box in boxes if not (page.contains(*box.min) and page.contains(*box.max))]
    over = [
        (a, b)
        for i, (a, one) in enumerate(boxes)
        for b, other in boxes[i + 1 :]
        if one.padded(-1).overlaps(other.padded(-1))
    ]
    return outside + over


def tags_of(page):
    parser = Balanced()
    parser.feed(page)
    return parser
