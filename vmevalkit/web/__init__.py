"""The dashboard: an HTTP API, the media behind it, and pages that are rendered on the server."""

from vmevalkit.web.app import create_app
from vmevalkit.web.config import DashboardConfig, config_from_folders
from vmevalkit.web.server import serve

__all__ = ["DashboardConfig", "config_from_folders", "create_app", "serve"]
