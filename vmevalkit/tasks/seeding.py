"""Where every random number of a question comes from."""

from hashlib import blake2b

import numpy as np


def question_rng(domain: str, version: int, seed: int, index: int, *purpose: str | int) -> np.random.Generator:
    """Return the generator of one question, independent of every other question's.

    A 128-bit digest of the arguments seeds a PCG64, so that neighbouring seeds and indices share nothing, and a
    question is the same in any process, in any order and beside any others.

    Args:
        domain: the domain's name.
        version: the generator's version.
        seed: the data set's seed.
        index: the question's number.
        purpose: what the numbers are for, where one question needs several independent streams.

    """
    words = "\0".join(str(part) for part in (domain, version, seed, index, *purpose))
    digest = blake2b(words.encode(), digest_size=16).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest)))
