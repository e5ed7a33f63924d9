"""What a store answers with when an object has come in parts."""

import hashlib
from collections.abc import Iterable, Iterator


class PartsDigest:
    """The MD5 of a multipart upload, as S3 and its kin compute it: of the MD5s of all parts."""

    def __init__(self, part_bytes: int) -> None:
        self.parts = 0
        """How many have gone through."""
        self._part_bytes = part_bytes
        self._all = hashlib.md5(usedforsecurity=False)

    def through(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the chunks and take note of them."""
        part, filled = hashlib.md5(usedforsecurity=False), 0
        for chunk in chunks:
            view = memoryview(chunk)
            while view:
                taken = view[: self._part_bytes - filled]
                part.update(taken)
                view, filled = view[len(taken) :], filled + len(taken)
                if filled == self._part_bytes:
                    self._close(part)
                    part, filled = hashlib.md5(usedforsecurity=False), 0
            yield chunk
        if filled:
            self._close(part)

    def _close(self, part: "hashlib._Hash") -> None:
        self._all.update(part.digest())
        self.parts += 1

    def hexdigest(self) -> str:
        """Return the digest of what has gone through."""
        return self._all.hexdigest()
