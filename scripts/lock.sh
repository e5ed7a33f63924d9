#!/bin/sh
# Resolve pyproject.toml into the lock files, hashes included, for every platform and Python from 3.11 on.
set -eu
cd "$(dirname "$0")/.."
compile() {
    .venv/bin/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-header --no-annotate --no-emit-index-url "$@"
}
compile --group build pyproject.toml -o requirements.lock
compile --group dev --extra aws --extra parquet --extra providers --extra ray -c requirements.lock pyproject.toml -o requirements-dev.lock
compile --group bench --extra aws --extra parquet --extra providers --extra ray -c requirements-dev.lock pyproject.toml -o requirements-bench.lock
compile --group dev --extra diffusers -c requirements-dev.lock pyproject.toml -o requirements-diffusers.lock
