"""Settings from the environment, and from ``.env`` and ``vmevalkit.toml`` in the working directory.

A command-line option beats the environment, which beats ``.env``, which beats ``vmevalkit.toml``, which beats the
default. In the TOML file, settings go by the names that they have here: ``data_dir``, ``remote``, ``snapshots``.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from dotenv import dotenv_values
from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from vmevalkit.errors import UsageError


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
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"setting {name}: {first['msg']}") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"vmevalkit.toml: {error}", hint="correct it, or leave it away") from error


def secrets(*, env_file: Path = Path(".env")) -> Mapping[str, str]:
    """Return where keys of services are looked up: the environment, and what ``.env`` adds to it."""
    return {name: value for name, value in dotenv_values(env_file).items() if value is not None} | os.environ
