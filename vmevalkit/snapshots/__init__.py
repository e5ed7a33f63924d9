"""Snapshots of the data root on object storage: push, pull, and the version log."""

from vmevalkit.snapshots.api import batch_upload, describe, log_version, sync_to_s3, upload_shown
from vmevalkit.snapshots.catalog import Listed, Pointer, list_snapshots, read_latest
from vmevalkit.snapshots.pull import PullResult, pull
from vmevalkit.snapshots.push import PushResult, push
from vmevalkit.snapshots.remote import Listing, MissingObjectError, Remote
from vmevalkit.snapshots.stores import open_remote
from vmevalkit.snapshots.versions import add_version, read_log, read_mirror, resolve
from vmevalkit.snapshots.walk import Tree, chosen_tree, tree_at

__all__ = [
    "Listed",
    "Listing",
    "MissingObjectError",
    "Pointer",
    "PullResult",
    "PushResult",
    "Remote",
    "Tree",
    "add_version",
    "batch_upload",
    "chosen_tree",
    "describe",
    "list_snapshots",
    "log_version",
    "open_remote",
    "pull",
    "push",
    "read_latest",
    "read_log",
    "read_mirror",
    "resolve",
    "sync_to_s3",
    "tree_at",
    "upload_shown",
]
