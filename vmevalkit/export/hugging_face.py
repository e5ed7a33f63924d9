"""The dataset card: what Hugging Face's hub shows, and what ``datasets.load_dataset`` takes its configurations from."""

import json
from collections.abc import Sequence
from typing import Any

from vmevalkit.export.folder import Contents
from vmevalkit.export.parquet import FEATURES, SPLIT, TableWriter
from vmevalkit.export.summary import Summary

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
_LARGEST = "n>10M"


def card(summary: Summary, tables: Sequence[TableWriter[Any]], contents: Contents) -> str:
    """Return the text of ``README.md``: a YAML header, and what a reader wants to know.

    Args:
        summary: what the export holds.
        tables: the writers of the tables; those without rows are left out.
        contents: their files.

    """
    there = [writer for writer in tables if contents.counts[writer.table.name] or writer is tables[0]]
    return "\n".join(["---", *_header(summary, there, contents), "---", "", *_body(summary, there, contents), ""])


def _header(summary: Summary, tables: Sequence[TableWriter[Any]], contents: Contents) -> list[str]:
    count = contents.counts["questions"]
    size = next((name for limit, name in _SIZES if count < limit), _LARGEST)
    lines = [
        f"pretty_name: {_quoted(summary.title)}",
        f"license: {_quoted((summary.license or 'unknown').lower())}",
        "language:",
        "- en",
        "task_categories:",
        "- image-to-video",
        "size_categories:",
        f"- {_quoted(size)}",
        "tags:",
        *(f"- {_quoted(tag)}" for tag in ("video-generation", "reasoning", "vmevalkit", *sorted(summary.questions))),
        "configs:",
    ]
    for writer in tables:
        name = writer.table.name
        lines += [f"- config_name: {name}"]
        lines += ["  default: true"] if writer is tables[0] else []
        lines += ["  data_files:", f"  - split: {SPLIT}", f"    path: {name}/{SPLIT}-*.parquet"]
    lines.append("dataset_info:")
    for writer in tables:
        lines += _info(writer, contents)
    return lines


def _info(writer: TableWriter[Any], contents: Contents) -> list[str]:
    name = writer.table.name
    on_disk = sum(file.size for file in contents.files if file.path.startswith(f"{name}/"))
    lines = [f"- config_name: {name}", "  features:"]
    for column in writer.table.columns:
        feature = FEATURES[column.kind]
        lines += [f"  - name: {column.name}", f"    dtype: {_quoted(feature.get('dtype', feature['_type'].lower()))}"]
    return [
        *lines,
        "  splits:",
        f"  - name: {SPLIT}",
        f"    num_bytes: {writer.data_bytes}",
        f"    num_examples: {contents.counts[name]}",
        f"  download_size: {on_disk}",
        f"  dataset_size: {writer.data_bytes}",
    ]


def _body(summary: Summary, tables: Sequence[TableWriter[Any]], contents: Contents) -> list[str]:
    lines = [
        f"# {' '.join(summary.title.split())}",
        "",
        "Puzzles that test whether video models can reason. A model is shown the first frame and told the prompt; its",
        "video is right if it leads to the final frame by legal means.",
        "",
        "| domain | questions | with a film of the solution | |",
        "|---|---:|---:|---|",
    ]
    for domain, count in sorted(summary.questions.items()):
        about = summary.about(domain).replace("|", "\\|")
        lines.append(f"| {domain} | {count} | {summary.films[domain]} | {about} |")
    lines += [
        f"| all | {summary.questions.total()} | {summary.films.total()} | |",
        "",
        "## How it was made",
        "",
        *_making(summary),
        "",
        "## How to load it",
        "",
        "```python",
        "from datasets import load_dataset",
        "",
        f'questions = load_dataset("PATH OR NAME", "questions", split="{SPLIT}")',
        'questions[0]["first_frame"]  # a picture; the videos need torchcodec, or Video(decode=False)',
        "```",
    ]
    for writer in tables:
        name = writer.table.name
        lines += [
            "",
            f"## `{name}`: {contents.counts[name]} rows",
            "",
            writer.table.about,
            "",
            "| column | |",
            "|---|---|",
        ]
        lines += [f"| `{column.name}` | {column.about} |" for column in writer.table.columns]
    return lines


def _making(summary: Summary) -> list[str]:
    made = summary.generation
    lines = ["VMEvalKit makes each puzzle from a seed and proves with a solver that it has exactly one solution."]
    if "random_seed" in made:
        lines.append(f"These come from the random seed {made['random_seed']}.")
    lines.append("Questions of other origin say so in `metadata`. What the files hold in the end is in `export.json`.")
    return lines


def _quoted(text: str) -> str:
    """Return a text as YAML; every JSON string is one."""
    return json.dumps(text, ensure_ascii=True)
