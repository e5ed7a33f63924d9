"""A data root in the forms that other tools read, and back."""

from vmevalkit.export.content import Selection
from vmevalkit.export.exporting import Export, ExportOptions, export
from vmevalkit.export.folder import FORMS, Form
from vmevalkit.export.sources import (
    EXPORT_SOURCES,
    Exported,
    ExportedEvaluation,
    ExportedQuestion,
    ExportedRun,
    ExportSource,
    Unreadable,
)
from vmevalkit.export.streaming import stream_large_dataset

__all__ = [
    "EXPORT_SOURCES",
    "FORMS",
    "Export",
    "ExportOptions",
    "ExportSource",
    "Exported",
    "ExportedEvaluation",
    "ExportedQuestion",
    "ExportedRun",
    "Form",
    "Selection",
    "Unreadable",
    "export",
    "stream_large_dataset",
]
