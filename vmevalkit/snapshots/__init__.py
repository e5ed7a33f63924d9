"""Snapshots of the data root on object storage: push, pull, and the version log."""

from vmevalkit.snapshots.access import AccessCheck, check_access
from vmevalkit.snapshots.api import batch_upload, describe, log_version, sync_to_s3, upload_shown
from vmevalkit.snapshots.catalog import Listed, Manifest, Pointer, fetched_manifest, list_snapshots, read_latest
from vmevalkit.snapshots.difference import CHANGE_KINDS, Amount, Change, ChangeSummary, Difference, difference
from vmevalkit.snapshots.gc import Deleted, Garbage, GarbagePart, find_garbage
from vmevalkit.snapshots.pull import PullResult, files_to_remove, pull
from vmevalkit.snapshots.push import PushResult, push
from vmevalkit.snapshots.remote import Listing, MissingObjectError, Remote
from vmevalkit.snapshots.stores import open_remote
from vmevalkit.snapshots.upload import upload_file
from vmevalkit.snapshots.verify import Finding, Verification, verify
from vmevalkit.snapshots.versions import add_version, find_version, read_log, read_mirror, remove_version, resolve
from vmevalkit.snapshots.walk import Tree, chosen_tree, tree_at

__all__ = [
    "CHANGE_KINDS",
    "AccessCheck",
    "Amount",
    "Change",
    "ChangeSummary",
    "Deleted",
    "Difference",
    "Finding",
    "Garbage",
    "GarbagePart",
    "Listed",
    "Listing",
    "Manifest",
    "MissingObjectError",
    "Pointer",
    "PullResult",
    "PushResult",
    "Remote",
    "Tree",
    "Verification",
    "add_version",
    "batch_upload",
    "check_access",
    "chosen_tree",
    "describe",
    "difference",
    "fetched_manifest",
    "files_to_remove",
    "find_garbage",
    "find_version",
    "list_snapshots",
    "log_version",
    "open_remote",
    "pull",
    "push",
    "read_latest",
    "read_log",
    "read_mirror",
    "remove_version",
    "resolve",
    "sync_to_s3",
    "tree_at",
    "upload_file",
    "upload_shown",
    "verify",
]
