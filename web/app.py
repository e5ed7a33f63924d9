"""The dashboard for the data beside this folder: ``python app.py``, then open http://localhost:5000."""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from vmevalkit.cli import show_error
from vmevalkit.errors import VMEvalError
from vmevalkit.settings import load_settings, secrets
from vmevalkit.web import config_from_folders, serve
from vmevalkit.web.config import TOKEN_VARIABLE, checked_token

HERE = Path(__file__).resolve().parent

# Each setting is also an environment variable of the same name.
OUTPUT_DIR = Path(os.environ.get("OUTPUT_DIR") or HERE / "../data/outputs/pilot_experiment")
QUESTIONS_DIR = Path(os.environ.get("QUESTIONS_DIR") or HERE / "../data/questions")
MAX_CONTENT_LENGTH = os.environ.get("MAX_CONTENT_LENGTH") or 16 * 1024 * 1024  # bytes of a request


def main() -> int:
    """Serve the dashboard; return the exit status."""
    parser = argparse.ArgumentParser(description="Look at questions, videos and scores in a browser.")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at (default: %(default)s)")
    parser.add_argument("--port", type=int, default=5000, help="the port to listen at (default: %(default)s)")
    parser.add_argument("--token", help=f"a secret that everybody has to know (default: {TOKEN_VARIABLE}, or none)")
    parser.add_argument("--open", action="store_true", help="open the default browser on it")
    options = parser.parse_args()
    try:
        limit = int(MAX_CONTENT_LENGTH)
    except ValueError:
        return show_error(f"MAX_CONTENT_LENGTH must be a number of bytes, not {MAX_CONTENT_LENGTH}", None, 2)
    try:
        config = replace(
            config_from_folders(OUTPUT_DIR, QUESTIONS_DIR, limit),
            token=checked_token(options.token or secrets().get(TOKEN_VARIABLE)),
            settings=load_settings(),
        )
        serve(config, options.host, options.port, open_browser=options.open, announce=announce)
    except VMEvalError as error:
        return show_error(error.message, error.hint, error.exit_code)
    return 0


def announce(url: str) -> None:
    """Say where the dashboard is."""
    print(f"dashboard at {url} (Ctrl-C ends it)", flush=True)


if __name__ == "__main__":
    sys.exit(main())
