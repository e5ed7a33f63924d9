"""Data of older and foreign layouts, brought into a data root."""

from vmevalkit.migration.migrate import migrate, migrate_to_new_structure, plan_migration
from vmevalkit.migration.names import local_name
from vmevalkit.migration.plan import KINDS, Plan, Problem, Report, Tally
from vmevalkit.migration.registry import AUTO, SOURCES, find_source
from vmevalkit.migration.source import (
    EXPERIMENT,
    RUN_ID,
    Content,
    Found,
    FoundEvaluation,
    FoundQuestion,
    FoundRun,
    NotUnderstood,
    Source,
)

__all__ = [
    "AUTO",
    "EXPERIMENT",
    "KINDS",
    "RUN_ID",
    "SOURCES",
    "Content",
    "Found",
    "FoundEvaluation",
    "FoundQuestion",
    "FoundRun",
    "NotUnderstood",
    "Plan",
    "Problem",
    "Report",
    "Source",
    "Tally",
    "find_source",
    "local_name",
    "migrate",
    "migrate_to_new_structure",
    "plan_migration",
]
