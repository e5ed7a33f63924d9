"""Croissant 1.0 (http://mlcommons.org/croissant/1.0): what the Parquet files of an export hold, for machines."""

from collections.abc import Mapping, Sequence
from typing import Any

from vmevalkit.export.columns import Column, Kind
from vmevalkit.export.folder import Contents
from vmevalkit.export.parquet import SPLIT, TableWriter
from vmevalkit.export.summary import Summary

_PARQUET = "application/x-parquet"
_TYPES: Mapping[Kind, str] = {
    "string": "sc:Text",
    "json": "sc:Text",
    "integer": "sc:Integer",
    "number": "sc:Float",
    "boolean": "sc:Boolean",
    "time": "sc:DateTime",
    "image": "sc:ImageObject",
    "video": "sc:VideoObject",
}
_CONTEXT: Mapping[str, object] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context that the specification prescribes (its appendix 1)."""


def metadata(summary: Summary, tables: Sequence[TableWriter[Any]], contents: Contents) -> dict[str, Any]:
    """Return the JSON-LD that describes the tables.

    Args:
        summary: what the export holds.
        tables: the writers of the tables; those without files are left out.
        contents: the files, which are listed with their sha256.

    """
    there = [writer.table for writer in tables if contents.counts[writer.table.name] or writer is tables[0]]
    files = [
        {
            "@type": "cr:FileObject",
            "@id": file.path,
            "name": file.path,
            "contentUrl": file.path,
            "contentSize": f"{file.size} B",
            "encodingFormat": _PARQUET,
            "sha256": file.sha256,
        }
        for file in contents.files
    ]
    sets = [
        {
            "@type": "cr:FileSet",
            "@id": f"{table.name}-files",
            "name": f"{table.name}-files",
            "includes": f"{table.name}/{SPLIT}-*.parquet",
            "encodingFormat": _PARQUET,
        }
        for table in there
    ]
    records = [
        {
            "@type": "cr:RecordSet",
            "@id": table.name,
            "name": table.name,
            "description": table.about,
            "field": [_field(table.name, column) for column in table.columns],
        }
        for table in there
    ]
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": summary.title,
        "description": (
            f"{summary.questions.total()} puzzles that test whether video models can reason: "
            f"a first frame, a prompt, and the solved final frame. Domains: {', '.join(sorted(summary.questions))}."
        ),
        "version": "1.0.0",
        **({"datePublished": summary.newest[:10]} if summary.newest else {}),
        **({"license": _license(summary.license)} if summary.license else {}),
        "citeAs": f"@misc{{vmevalkit, title={{{_plain(summary.title)}}}, note={{Made with VMEvalKit}}}}",
        "distribution": [*files, *sets],
        "recordSet": records,
    }


def _field(table: str, column: Column[Any]) -> dict[str, Any]:
    is_file = column.kind in {"image", "video"}
    return {
        "@type": "cr:Field",
        "@id": f"{table}/{column.name}",
        "name": column.name,
        "description": column.about,
        "dataType": _TYPES[column.kind],
        "source": {
            "fileSet": {"@id": f"{table}-files"},
            "extract": {"column": column.name},
            **({"transform": {"jsonPath": "bytes"}} if is_file else {}),
        },
    }


def _license(name: str) -> str:
    return name if "://" in name else f"https://spdx.org/licenses/{name}.html"


def _plain(title: str) -> str:
    return "".join(character for character in title if character not in "{}\\")
