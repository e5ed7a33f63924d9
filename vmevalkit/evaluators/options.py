"""What can be set of a judge, in ``vmevalkit.toml`` or on the command line."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from vmevalkit.errors import UsageError
from vmevalkit.evaluators._pictures import ImageFormat
from vmevalkit.evaluators.frames import Sampling
from vmevalkit.evaluators.voting import VoteRule
from vmevalkit.settings import VariableName

OPENAI_URL: Final = "https://api.openai.com/v1"
OPENAI_KEY: Final = "OPENAI_API_KEY"

_LIST_PRICES: Final = {"gpt-4o": (2.5, 10.0)}
"""US dollars per million tokens, in and out, at OpenAI itself (https://openai.com/api/pricing)."""

_OURS: Final = frozenset({"model", "messages", "stream", "n"})
"""Fields of a request that are never the user's."""

_NEUTRAL: Final = frozenset(
    {
        "base_url",
        "key",
        "concurrency",
        "per_minute",
        "timeout",
        "attempts",
        "backoff",
        "usd_per_million_input",
        "usd_per_million_output",
    }
)
"""Options that cannot change a score. A server's address is one: the same model may be served elsewhere tomorrow."""

_ADDRESS: Final = TypeAdapter(HttpUrl)

Price = Annotated[float | None, Field(ge=0, allow_inf_nan=False)]


Fields = TypeVar("Fields", dict[str, Any], tuple[str, ...])


def _from_json(value: object) -> object:
    """Read an object that was typed on a command line."""
    return json.loads(value) if isinstance(value, str) else value


def _split(value: object) -> object:
    """Read a list that was typed on a command line."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


class JudgeOptions(BaseModel):
    """A judge's options."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field("gpt-4o", min_length=1, description="The model, by the server's name for it.")
    base_url: str | None = Field(None, description="The server, up to and with /v1; OpenAI's if not given.")
    key: VariableName | None = Field(
        None, description="The variable that holds the key: OPENAI_API_KEY, or with base_url none."
    )
    sampling: Sampling = Field("hybrid", description="Which frames are shown: last, uniform, keyframe or hybrid.")
    frames: int = Field(12, ge=1, le=64, description="How many frames of the film are shown at most.")
    tail_seconds: float = Field(1.0, ge=0, le=3600, description="How long the end of the film is, for last and hybrid.")
    reference: bool = Field(True, description="Whether the first frame and the expected final frame are shown too.")
    per: Literal["film", "frames"] = Field(
        "film", description="Whether a vote is over all frames together, or each frame has votes of its own."
    )
    repeats: int = Field(1, ge=1, le=25, description="How often the same is asked; each answer is a vote.")
    vote: VoteRule = Field("majority", description="How votes become one: majority, weighted, median, min or max.")
    temperature: float = Field(0.0, ge=0, le=2, description="0 for the answer that the model holds most likely.")
    max_tokens: int = Field(1000, ge=100, le=100_000, description="How long an answer may be.")
    structured: Literal["json_schema", "json_object", "none"] = Field(
        "json_schema", description="How the server is made to answer in JSON; none if it cannot be."
    )
    max_side: int = Field(768, ge=64, le=4096, description="Larger pictures are shrunk to this side, in pixels.")
    image_format: ImageFormat = Field("jpeg", description="How pictures are sent: jpeg or png.")
    quality: int = Field(90, ge=1, le=100, description="The quality of JPEG.")
    extra_body: Annotated[dict[str, Any], BeforeValidator(_from_json)] = Field(
        default_factory=dict, description="More fields for the request, as the server knows them."
    )
    leave_out: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field(
        (), description="Fields of the request that the server does not know."
    )
    concurrency: int = Field(4, ge=1, le=256, description="How many films are judged at once.")
    per_minute: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="How many requests a minute; as many as go if not given."
    )
    timeout: float = Field(120.0, gt=0, le=86_400, description="How many seconds an answer may take.")
    attempts: int = Field(6, ge=1, le=100, description="How often a request is sent while it fails in ways that pass.")
    backoff: float = Field(
        1.0,
        gt=0,
        le=60,
        description="At most how many seconds the first pause between attempts takes; it doubles, up to 60.",
    )
    usd_per_million_input: Price = Field(
        None, description="US dollars per million tokens sent. Known for gpt-4o at OpenAI."
    )
    usd_per_million_output: Price = Field(
        None, description="US dollars per million tokens received. Known for gpt-4o at OpenAI."
    )

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            _ADDRESS.validate_python(value)
        except ValidationError as error:
            raise ValueError("must be an address such as http://localhost:8000/v1") from error
        return value.strip().rstrip("/")

    @field_validator("extra_body", "leave_out")
    @classmethod
    def _leaves_ours(cls, value: Fields) -> Fields:
        taken = sorted(_OURS & set(value))
        if taken:
            raise ValueError(f"{taken[0]} is not for you to set")
        return value

    @model_validator(mode="after")
    def _both_prices(self) -> Self:
        if (self.usd_per_million_input is None) != (self.usd_per_million_output is None):
            raise ValueError("usd_per_million_input and usd_per_million_output belong together")
        return self

    @property
    def url(self) -> str:
        """Where the server is."""
        return self.base_url or OPENAI_URL

    @property
    def prices(self) -> tuple[float, float] | None:
        """US dollars per million tokens sent and received, if they are known."""
        if self.usd_per_million_input is not None and self.usd_per_million_output is not None:
            return self.usd_per_million_input, self.usd_per_million_output
        return _LIST_PRICES.get(self.model) if self.url == OPENAI_URL else None

    def weighty(self) -> dict[str, Any]:
        """Return the options that can change a score, as JSON values."""
        return self.model_dump(mode="json", exclude=set(_NEUTRAL))


def read_options(name: str, options: Mapping[str, Any]) -> JudgeOptions:
    """Read the options of the judge of this name.

    Raises:
        UsageError: an option is unknown or wrong; the message names it.

    """
    try:
        return JudgeOptions.model_validate(dict(options))
    except ValidationError as error:
        first = error.errors()[0]
        option = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            problem, hint = f"{option}: there is no such option", f"known: {', '.join(JudgeOptions.model_fields)}"
        else:
            said = first["msg"].removeprefix("Value error, ")
            problem, hint = (f"{option}: {said}", f"correct {option}") if option else (said, "correct them")
        raise UsageError(f"[evaluators.{name}] {problem}", hint=hint) from error


def find_key(name: str, options: JudgeOptions, keys: Mapping[str, str]) -> str:
    """Return the key to send, empty if none is to be sent.

    Another server than OpenAI's gets no key unless it is named: OpenAI's is nobody else's business.

    Raises:
        UsageError: the key is missing.

    """
    variable = options.key or (OPENAI_KEY if options.url == OPENAI_URL else None)
    if variable is None:
        return ""
    key = keys.get(variable, "").strip()
    if not key:
        raise UsageError(
            f"{name} needs a key: {variable} is not set",
            hint=f"set {variable} in the environment or in .env, or base_url in [evaluators.{name}] for a server of "
            "your own",
        )
    if not (key.isascii() and key.isprintable()):
        raise UsageError(
            f"{name}: {variable} is no key: it holds characters that no key has", hint=f"set {variable} anew"
        )
    return key
