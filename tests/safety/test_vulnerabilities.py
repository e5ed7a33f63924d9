"""What ``make vulnerabilities`` would ask about. To ask needs the network, and is no part of the tests."""

import re
import subprocess
import sys
from pathlib import Path

from test_licences import locked

REPOSITORY = Path(__file__).parents[2]
LOCKS = sorted(lock.name for lock in REPOSITORY.glob("requirements*.lock"))


def test_every_locked_package_of_this_machine_would_be_audited():
    makefile = (REPOSITORY / "Makefile").read_text().replace("\\\n", " ")
    (command,) = re.findall(r"-m (pip_audit .+) \$\(ARGS\)", makefile)
    assert sorted(re.findall(r"-r (\S+)", command)) == LOCKS
    done = subprocess.run(
        [sys.executable, "-m", *command.split(), "--dry-run", "--progress-spinner", "off"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"would have audited {len(locked(LOCKS))} packages" in done.stderr
    assert "WARNING" not in done.stderr
