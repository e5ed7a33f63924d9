"""Settings from the environment, and from ``.env`` and ``vmevalkit.toml`` in the working directory.

A command-line option beats the environment, which beats ``.env``, which beats ``vmevalkit.toml``, which beats the
default. In the TOML file, settings go by the names that they have here: ``data_dir``, ``remote``, ``snapshots``.
"""

import os
import re
import tomllib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from dotenv import dotenv_values
from pydantic import AfterValidator, AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from vmevalkit.errors import UsageError, first_problem

__all__ = ["Settings", "load_settings", "secrets"]

_HEAD: Final = 8
"""So many characters of a key are taken for the key: a server may cut off what it repeats."""
_VARIABLE: Final = re.compile(r"[A-Z_][A-Z0-9_]*", re.ASCII)


def _checked_variable(name: str) -> str:
    if not _VARIABLE.fullmatch(name):  # It may well be the key itself: it must not be repeated.
        raise ValueError("must be the name of a variable, in capitals; the key itself belongs in .env")
    return name


VariableName = Annotated[str, AfterValidator(_checked_variable)]
"""The name of an environment variable that holds a key."""


class Settings(BaseSettings):
    """What can be set from outside; read once by the command and passed down."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        toml_file="vmevalkit.toml",
        validate_by_name=True,
        extra="ignore",
        frozen=True,
    )

    data_dir: Path = Field(
        default=Path("data"),
        validation_alias="VMEVAL_DATA_DIR",
        description="The data root: the folder with questions/, outputs/ and evaluations/.",
    )
    remote: str | None = Field(
        default=None,
        validation_alias="VMEVAL_REMOTE",
        description="Where snapshots go, such as s3://bucket or file:///folder. Default: s3://S3_BUCKET.",
    )
    s3_bucket: str = Field(
        default="vmevalkit",
        validation_alias="S3_BUCKET",
        description="The bucket used when no remote is named.",
    )
    aws_access_key_id: str | None = Field(
        default=None, validation_alias="AWS_ACCESS_KEY_ID", description="The key id for s3:// remotes."
    )
    aws_secret_access_key: SecretStr | None = Field(
        default=None,
        validation_alias="AWS_SECRET_ACCESS_KEY",
        description="The secret that belongs to the key id.",
    )
    aws_session_token: SecretStr | None = Field(
        default=None, validation_alias="AWS_SESSION_TOKEN", description="The token of temporary credentials."
    )
    aws_profile: str | None = Field(
        default=None,
        validation_alias="AWS_PROFILE",
        description="A profile of ~/.aws/config, used if no key is set; needs vmevalkit[aws].",
    )
    aws_region: str = Field(
        default="us-east-2",
        validation_alias=AliasChoices("AWS_REGION", "AWS_DEFAULT_REGION"),
        description="The region of the bucket.",
    )
    aws_endpoint_url: str | None = Field(
        default=None,
        validation_alias="AWS_ENDPOINT_URL",
        description="Another S3 server than Amazon's, such as http://127.0.0.1:9000.",
    )

    remote_timeout: float = Field(
        default=30.0,
        gt=0,
        validation_alias="VMEVAL_REMOTE_TIMEOUT",
        description="How many seconds a remote's server may stay silent.",
    )
    snapshots: Literal["full", "incremental"] = Field(
        default="full",
        validation_alias="VMEVAL_SNAPSHOTS",
        description="Whether a push copies unchanged files into the new snapshot, or refers to those of older ones.",
    )

    poll_seconds: float = Field(
        default=5.0,
        gt=0,
        validation_alias="VMEVAL_POLL_SECONDS",
        description="How many seconds lie between two questions to a provider how a job stands.",
    )
    models: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="Video models of your own, as tables [models.NAME] of vmevalkit.toml.",
    )

    evaluators: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="Judges of your own, and options of evaluators, as tables [evaluators.NAME] of vmevalkit.toml.",
    )

    retention: dict[str, Any] = Field(
        default_factory=dict,
        description="How many days outputs, evaluations and temporary files are kept: the table [retention] of "
        "vmevalkit.toml, and [retention.experiments.NAME] for one experiment.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Add the TOML file as the last source."""
        return init_settings, env_settings, dotenv_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def remote_url(self) -> str:
        """The remote to use when a command names none."""
        return self.remote or f"s3://{self.s3_bucket}"


def load_settings(*, env_file: Path | None = Path(".env")) -> Settings:
    """Read the settings.

    Raises:
        UsageError: a variable has a value that cannot be used; the message names it.

    """
    try:
        return Settings(_env_file=env_file)
    except ValidationError as error:
        raise UsageError(f"setting {first_problem(error)}") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"vmevalkit.toml: {error}", hint="correct it, or leave it away") from error
    except RecursionError as error:
        raise UsageError("vmevalkit.toml: nested too deeply", hint="correct it, or leave it away") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"vmevalkit.toml or {env_file} is not UTF-8", hint="save it as UTF-8") from error
    except SettingsError as error:
        raise UsageError(f"settings: {' '.join(str(error).split())}", hint="it takes JSON, or unset it") from error


def secrets(*, env_file: Path = Path(".env")) -> Mapping[str, str]:
    """Return where keys of services are looked up: the environment, and what ``.env`` adds to it.

    Raises:
        UsageError: ``.env`` is no text.

    """
    try:
        more = dotenv_values(env_file)
    except UnicodeDecodeError as error:
        raise UsageError(f"{env_file} is not UTF-8", hint="save it as UTF-8") from error
    return {name: value for name, value in more.items() if value is not None} | os.environ


def without_key(text: str, key: str) -> str:
    """Return a text without a key: some servers repeat what they were sent.

    The key's beginning, and the key in base64 or percent-encoded, become ``[key]``, too.
    """
    data = key.encode()
    encoded = (quote(key, safe=""), b64encode(data).decode(), urlsafe_b64encode(data).decode())
    forms = [form for form in (key, *(form.rstrip("=") for form in encoded)) if form]
    for head in dict.fromkeys(form[:_HEAD] for form in forms):
        start = text.find(head)
        while start >= 0:
            length = max(_shared(text[start:], form) for form in forms)
            text = f"{text[:start]}[key]{text[start + length :]}"
            start = text.find(head, start + len("[key]"))
    return text


def _shared(one: str, other: str) -> int:
    """Count the characters that two texts begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
