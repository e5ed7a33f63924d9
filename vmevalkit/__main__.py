"""``python -m vmevalkit`` is ``vmevalkit``."""

import sys

from vmevalkit.cli import main

sys.exit(main())
