"""Push the data folder that this script lies in: ``python data/s3_sync.py [--log] [--date YYYYMMDD[HHMM]]``.

The options are those of ``vmevalkit push``. From the repository root, ``from data.s3_sync import sync_to_s3`` works
as well.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path

from vmevalkit.cli import main
from vmevalkit.errors import UsageError
from vmevalkit.settings import load_settings
from vmevalkit.snapshots import batch_upload, log_version, sync_to_s3

__all__ = ["batch_upload", "log_version", "sync_to_s3"]

if __name__ == "__main__":
    with suppress(UsageError):  # The command reports it.
        if "data_dir" not in load_settings().model_fields_set:
            os.environ["VMEVAL_DATA_DIR"] = str(Path(__file__).resolve().parent)
    sys.exit(main(["push", *sys.argv[1:]]))
