#!/bin/sh
# See that the browser tests have a browser.
set -eu
cd "$(dirname "$0")/.."
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
sh scripts/apt_install.sh chromium "a browser for the dashboard's tests"
