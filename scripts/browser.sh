#!/bin/sh
# See that the browser tests have a browser, and the driver of Playwright the library that it links to.
set -eu
cd "$(dirname "$0")/.."

driver=$(.venv/bin/python -c 'from pathlib import Path; import playwright; print(Path(playwright.__file__).with_name("driver") / "node")')
"$driver" --version >/dev/null 2>&1 || sh scripts/apt_install.sh libatomic1 "a library for the browser tests"

for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
sh scripts/apt_install.sh chromium "a browser for the dashboard's tests"
