"""A list of what may be a million: the first few of it, and how many there are."""

from typing import Generic, TypeVar

MOST = 1000

Item = TypeVar("Item")


class FirstFew(Generic[Item]):
    """Keeps the first few of its items and counts them all."""

    def __init__(self, most: int = MOST) -> None:
        self.first: list[Item] = []
        self.count = 0
        self._most = most

    def add(self, item: Item) -> None:
        """Take one more."""
        self.count += 1
        if len(self.first) < self._most:
            self.first.append(item)
