"""What people may be called."""

import unicodedata

from vmevalkit.errors import UsageError

MAX_LETTERS = 40
_ALSO = frozenset(" '.-_@+")
_WORD_CATEGORIES = "LMN"
"""Of Unicode: letters, marks such as accents, and numbers."""


def check_rater(name: str) -> str:
    """Return the name of a rater, in Unicode's composed form: whoever types the same name is the same person.

    A name is never part of a path. The rule is there so that names which look alike are alike: no controls, and no
    blanks at the ends or two in a row.

    Raises:
        UsageError: it is empty, too long, or has another character than letters, digits, single blanks and
            ``. ' - _ @ +``, or does not begin with a letter or a digit.

    """
    composed = unicodedata.normalize("NFC", name)
    kinds = [unicodedata.category(letter)[0] for letter in composed]
    is_fine = (
        1 <= len(composed) <= MAX_LETTERS
        and kinds[0] in "LN"
        and all(kind in _WORD_CATEGORIES or letter in _ALSO for kind, letter in zip(kinds, composed, strict=True))
        and "  " not in composed
        and not composed.endswith(" ")
    )
    if not is_fine:
        raise UsageError(
            f"rater {name[: 2 * MAX_LETTERS]!r} is not a valid name",
            hint=f"use up to {MAX_LETTERS} letters, digits, single blanks and . ' - _ @ +",
        )
    return composed
