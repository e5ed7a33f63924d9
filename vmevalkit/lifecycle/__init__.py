"""What becomes of data over the years: retention, archive, clean-up."""

from vmevalkit.lifecycle._journal import JOURNAL_NAME
from vmevalkit.lifecycle.archive import (
    ArchivePlan,
    ArchiveResult,
    archive,
    archive_old_experiments,
    is_outage,
    plan_archive,
)
from vmevalkit.lifecycle.cleanup import Cleanup, Junk, cleanup_temp_files
from vmevalkit.lifecycle.policies import RETENTION_POLICIES, Policies
from vmevalkit.lifecycle.retention import (
    Due,
    DuePart,
    Retained,
    RetentionPlan,
    apply_retention_policies,
    plan_retention,
)
from vmevalkit.lifecycle.unarchive import UnarchivePlan, UnarchiveResult, plan_unarchive, stub_of, unarchive

__all__ = [
    "JOURNAL_NAME",
    "RETENTION_POLICIES",
    "ArchivePlan",
    "ArchiveResult",
    "Cleanup",
    "Due",
    "DuePart",
    "Junk",
    "Policies",
    "Retained",
    "RetentionPlan",
    "UnarchivePlan",
    "UnarchiveResult",
    "apply_retention_policies",
    "archive",
    "archive_old_experiments",
    "cleanup_temp_files",
    "is_outage",
    "plan_archive",
    "plan_retention",
    "plan_unarchive",
    "stub_of",
    "unarchive",
]
