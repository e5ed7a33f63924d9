"""The stores behind the URLs of remotes, and where their credentials come from."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store, from_url

from vmevalkit.errors import UsageError
from vmevalkit.settings import Settings
from vmevalkit.snapshots.remote import Remote

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config, S3CredentialProvider

SCHEMES = ("s3", "gs", "az", "file", "memory")

# A dead endpoint is reported after about ten seconds; a large object may still take its time.
_RETRIES: "RetryConfig" = {
    "max_retries": 5,
    "retry_timeout": timedelta(seconds=6),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2},
}


def open_remote(url: str, settings: Settings, *, create: bool = False) -> Remote:
    """Open a remote; no request is made yet.

    Args:
        url: ``s3://bucket[/prefix]``, ``gs://``, ``az://``, ``file:///folder`` or ``memory://``.
        settings: where the credentials, the region and the endpoint of ``s3://`` come from.
        create: make the folder of a ``file://`` remote if it is missing.

    Raises:
        UsageError: the URL or a setting cannot be used; the hint names the setting.

    """
    try:
        parts = urlsplit(url if url.isprintable() else "")
    except ValueError:  # Square brackets that hold no address.
        parts = urlsplit("")
    if parts.scheme not in SCHEMES:
        raise UsageError(
            f"{url!r} is not a remote",
            hint=f"use one of {', '.join(f'{scheme}://' for scheme in SCHEMES)} in --remote or VMEVAL_REMOTE",
        )
    if parts.scheme == "s3":
        prefix = parts.path.strip("/")
        return Remote(f"s3://{parts.netloc}/{prefix}", _s3(parts.netloc, prefix, settings, url))
    if parts.scheme == "file":
        folder = _folder(parts.netloc, unquote(parts.path), url, create=create)
        return Remote(folder.as_uri(), LocalStore(folder), folder)
    if parts.scheme == "memory":
        return Remote(url, from_url("memory:///"))
    try:
        return Remote(url, from_url(url, client_options=_client(settings), retry_config=_RETRIES))
    except (BaseError, ValueError) as error:
        raise UsageError(
            f"{url}: {str(error).splitlines()[0]}", hint="check the URL and the provider's own settings"
        ) from error


def _client(settings: Settings) -> "ClientConfig":
    return {
        "connect_timeout": "3s",
        "read_timeout": timedelta(seconds=settings.remote_timeout),
        "timeout": "1h",
        "allow_http": (settings.aws_endpoint_url or "").startswith("http://"),
    }


def _s3(bucket: str, prefix: str, settings: Settings, url: str) -> S3Store:
    if not bucket:
        raise UsageError(f"{url!r} names no bucket", hint="write s3://bucket in --remote, or set S3_BUCKET")
    # The server compares the sha256 of what arrives with that of what was sent.
    config: S3Config = {"bucket": bucket, "region": settings.aws_region, "checksum_algorithm": "sha256"}
    provider: S3CredentialProvider | None = None
    key, secret = settings.aws_access_key_id, settings.aws_secret_access_key
    if key and secret is not None and secret.get_secret_value():
        config["access_key_id"] = key
        config["secret_access_key"] = secret.get_secret_value()
        if settings.aws_session_token is not None and settings.aws_session_token.get_secret_value():
            config["session_token"] = settings.aws_session_token.get_secret_value()
    else:
        provider, config["region"] = _provider(settings, url)
    if settings.aws_endpoint_url:
        config["endpoint"] = settings.aws_endpoint_url
    try:
        return S3Store(
            prefix=prefix or None,
            config=config,
            client_options=_client(settings),
            retry_config=_RETRIES,
            credential_provider=provider,
        )
    except (BaseError, ValueError) as error:
        raise UsageError(f"{url}: {str(error).splitlines()[0]}", hint="check --remote and AWS_ENDPOINT_URL") from error


def _provider(settings: Settings, url: str) -> tuple["S3CredentialProvider", str]:
    """Find credentials and the region where AWS's own tools find them: a profile, single sign-on, a role."""
    keys = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment or in .env"
    try:
        import boto3
        from botocore.exceptions import BotoCoreError
        from obstore.auth.boto3 import Boto3CredentialProvider
    except ImportError as error:
        hint = f"{keys}, or install vmevalkit[aws] for AWS_PROFILE, single sign-on and roles"
        raise UsageError(f"no credentials for {url}", hint=hint) from error
    try:
        region = settings.aws_region if "aws_region" in settings.model_fields_set else None
        session = boto3.Session(profile_name=settings.aws_profile, region_name=region)
        if session.get_credentials() is None:
            raise UsageError(f"no credentials for {url}", hint=f"{keys}, or name a profile with AWS_PROFILE")
        return Boto3CredentialProvider(session), session.region_name or settings.aws_region
    except BotoCoreError as error:
        raise UsageError(
            f"no credentials for {url}: {str(error).splitlines()[0]}",
            hint=f"{keys}, or name a profile with AWS_PROFILE",
        ) from error


def _folder(host: str, path: str, url: str, *, create: bool) -> Path:
    if host not in ("", "localhost") or not path.startswith("/"):
        raise UsageError(
            f"{url!r} is not a folder", hint=f"write the full path after three slashes: file:///{host}{path}"
        )
    folder = Path(path)
    if create:
        folder.mkdir(parents=True, exist_ok=True)
    elif not folder.is_dir():
        raise UsageError(f"{url}: no such folder", hint="push there first, or name another one with --remote")
    return folder
