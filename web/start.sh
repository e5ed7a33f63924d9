#!/bin/sh
# Starts the dashboard with the project's own Python if there is one; arguments go to app.py.
set -eu
cd "$(dirname "$0")"
python=../.venv/bin/python
[ -x "$python" ] || python=python3
exec "$python" app.py "$@"
