#!/bin/sh
# Install a Debian package if this user may, otherwise say how: scripts/apt_install.sh PACKAGE WHAT
set -eu
package=$1
what=$2
if ! command -v apt-get >/dev/null 2>&1; then
    echo "error: $what is missing; install it with your system's package manager (Debian calls it $package)" >&2
    exit 2
fi
if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "error: $what is missing; install it with: sudo apt-get install $package" >&2
    exit 2
fi
echo "Installing $package ($what) ..."
log=$(mktemp)
if ! { $as_root apt-get update -qq &&
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package"; } >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    echo "error: $package could not be installed; try: sudo apt-get install $package" >&2
    exit 2
fi
rm -f "$log"
