#!/bin/sh
# Make or refresh the virtual environment: scripts/environment.sh requirements.lock
# Needs Python 3.11 or newer and nothing else; Debian's missing venv module is installed where that is allowed.
set -eu
cd "$(dirname "$0")/.."
lock=$1
venv=${VMEVAL_VENV:-.venv}

python=
for candidate in python3 python3.11 python3.12 python3.13 python3.14; do
    if command -v "$candidate" >/dev/null 2>&1 &&
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "error: no Python 3.11 or newer found; on Debian or Ubuntu: apt-get install python3" >&2
    exit 2
fi

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    sh scripts/apt_install.sh "python$version-venv" "Python's venv module"
fi

if [ ! -x $venv/bin/python ] || ! $venv/bin/python -m pip --version >/dev/null 2>&1; then
    rm -rf $venv
    "$python" -m venv $venv
fi
echo "Installing $lock into $venv ..."
$venv/bin/python -m pip install --quiet --disable-pip-version-check --use-pep517 --require-hashes -r "$lock"
$venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
touch "$venv/$lock.installed"
