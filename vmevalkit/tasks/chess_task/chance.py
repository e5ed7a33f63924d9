"""Cheap random choices for a search that makes thousands of them."""

from collections.abc import Sequence

import numpy as np


class Chance:
    """Uniform choices, drawn from a generator in blocks: single draws would cost ten times as much."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._numbers: list[float] = []

    def unit(self) -> float:
        """Draw from [0, 1)."""
        if not self._numbers:
            self._numbers = self._rng.random(256).tolist()
        return self._numbers.pop()

    def between(self, low: int, high: int) -> int:
        """Draw a whole number from low to high, both included."""
        return low + int(self.unit() * (high - low + 1))

    def letter(self, letters: str) -> str:
        """Draw one of several letters; one that stands there twice is twice as likely."""
        return letters[int(self.unit() * len(letters))]

    def shuffled(self, letters: Sequence[str]) -> list[str]:
        """Put letters into a random order."""
        return sorted(letters, key=lambda _: self.unit())

    def square(self, candidates: int) -> int:
        """Draw one of a set of squares, which must not be empty."""
        for _ in range(int(self.unit() * candidates.bit_count())):
            candidates &= candidates - 1
        return (candidates & -candidates).bit_length() - 1
