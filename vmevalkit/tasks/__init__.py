"""Puzzle domains: the protocol they follow, and which there are."""

from vmevalkit.tasks.domain import (
    DIFFICULTIES,
    FRAME_SIZE,
    PROMPT_STYLES,
    Difficulty,
    Domain,
    PromptStyle,
)
from vmevalkit.tasks.function_domain import FunctionDomain
from vmevalkit.tasks.registry import (
    BUILT_IN_DOMAINS,
    DOMAIN_REGISTRY,
    AnyDomain,
    describe,
    domain_names,
    get_domain,
)
from vmevalkit.tasks.seeding import question_rng

__all__ = [
    "BUILT_IN_DOMAINS",
    "DIFFICULTIES",
    "DOMAIN_REGISTRY",
    "FRAME_SIZE",
    "PROMPT_STYLES",
    "AnyDomain",
    "Difficulty",
    "Domain",
    "FunctionDomain",
    "PromptStyle",
    "describe",
    "domain_names",
    "get_domain",
    "question_rng",
]
