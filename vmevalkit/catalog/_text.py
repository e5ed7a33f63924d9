"""Words that somebody typed."""

NO_WORDS = '""'
_LONGEST = 200


def fts_words(text: str) -> str:
    """Turn a text into a full-text query for all of its words, the last one as a beginning; never an error."""
    words = "".join(letter if letter.isalnum() else " " for letter in text[:_LONGEST]).split()
    return " ".join(f'"{word}"' for word in words) + " *" if words else NO_WORDS


def like(text: str) -> str:
    """Return the pattern of names that hold a text; its escape character is a backslash."""
    escaped = text.strip()[:_LONGEST].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
