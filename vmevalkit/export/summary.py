"""What an export says of itself as a whole: on the dataset card, and in Croissant."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vmevalkit.export.content import Question


@dataclass
class Summary:
    """The questions of an export, counted as they go by."""

    title: str
    license: str | None
    header: Mapping[str, Any] | None
    """Of the manifest, if there is one."""
    questions: Counter[str] = field(default_factory=Counter)
    """By domain."""
    films: Counter[str] = field(default_factory=Counter)
    """Questions with a film of the solution, by domain."""
    newest: str = ""
    """When the last question was made; ISO 8601."""

    def add(self, question: Question) -> None:
        """Count a question."""
        self.questions[question.pair.domain] += 1
        self.films[question.pair.domain] += question.ground_truth is not None
        self.newest = max(self.newest, question.pair.created_at)

    @property
    def generation(self) -> Mapping[str, Any]:
        """How the questions were made, as the manifest has it."""
        info = (self.header or {}).get("generation_info")
        return info if isinstance(info, dict) else {}

    def about(self, domain: str) -> str:
        """Return a sentence on a domain, if the manifest has one."""
        domains = self.generation.get("domains")
        facts = domains.get(domain) if isinstance(domains, dict) else None
        text = facts.get("description") if isinstance(facts, dict) else None
        return " ".join(str(text or "").split())
