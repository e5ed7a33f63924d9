"""Numbers and times as people read them. What is not known is a dash."""

from datetime import UTC, datetime

UNKNOWN = "\N{EN DASH}"
_UNITS = ("kB", "MB", "GB", "TB", "PB")


def when(text: str | None) -> str:
    """Write a time from a record in UTC, to the minute: ``2025-01-15 10:30 UTC``; as it is if it is none."""
    moment = _moment(text)
    return (text or UNKNOWN) if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"


def ago(text: str | None, now: datetime) -> str:
    """Write how long a time is past: ``5 minutes ago``."""
    moment = _moment(text)
    if moment is None:
        return text or UNKNOWN
    seconds = (now - moment).total_seconds()
    if seconds < 60:
        return "just now"
    for length, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= length:
            return f"{plural(int(seconds // length), name)} ago"
    return UNKNOWN


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def size(bytes_: int | None) -> str:
    """Write a number of bytes: ``812 B``, ``1.2 MB``."""
    if bytes_ is None:
        return UNKNOWN
    if bytes_ < 1000:
        return f"{bytes_} B"
    value = float(bytes_)
    for unit in _UNITS:
        value /= 1000
        if value < 999.5 or unit == _UNITS[-1]:
            break
    return f"{value:.1f} {unit}" if value < 99.95 else f"{value:.0f} {unit}"


def duration(seconds: float | None) -> str:
    """Write a length of time: ``0.35 s``, ``12.5 s``, ``3 min 20 s``, ``2 h 5 min``, ``3 d 4 h``."""
    if seconds is None:
        return UNKNOWN
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for length, name, below, smaller in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= length:
            rest = whole % length // below
            return f"{whole // length} {name} {rest} {smaller}" if rest else f"{whole // length} {name}"
    return f"{whole} s"


def percent(share: float | None) -> str:
    """Write a share: ``85%``; what is nearly all or nearly nothing is not rounded to all or nothing."""
    if share is None:
        return UNKNOWN
    text = f"{share * 100:.0f}%"
    if text == "0%" and share > 0:
        return "<1%"
    if text == "100%" and share < 1:
        return ">99%"
    return text


def count(number: int) -> str:
    """Write a number with its thousands apart: ``12,345``."""
    return f"{number:,}"


def total(number: int, is_exact: bool) -> str:
    """Write a number of which there may be more: ``more than 1,000``."""
    return count(number) if is_exact else f"more than {count(number)}"


def plural(number: int, one: str, many: str | None = None) -> str:
    """Write a number with what it counts: ``1 run``, ``2 runs``."""
    return f"{count(number)} {one if number == 1 else many or f'{one}s'}"


def money(usd: float | None) -> str:
    """Write a sum in US dollars: ``$0.0042``, ``$1.50``, ``$1,250``."""
    if usd is None:
        return UNKNOWN
    if usd == 0:
        return "$0"
    if usd < 0.1:
        return f"${usd:.2g}" if usd >= 0.0001 else "<$0.0001"
    return f"${usd:,.2f}" if usd < 1000 else f"${usd:,.0f}"


def score(value: float | None) -> str:
    """Write a score between 1 and 5: ``4``, ``3.7``."""
    return UNKNOWN if value is None else f"{value:.1f}".removesuffix(".0")


def p_value(value: float) -> str:
    """Write a p value: ``p = 0.042``, ``p < 0.001``."""
    if value < 0.001:
        return "p < 0.001"
    return f"p = {value:.3f}" if value < 0.1 else f"p = {value:.2f}"


def words(name: str) -> str:
    """Write a name of the code as words: ``two_hops`` is ``two hops``."""
    return name.replace("_", " ")


def shortened(text: str, most: int) -> str:
    """Cut a text to so many letters, and show that it is."""
    return text if len(text) <= most else f"{text[:most].rstrip()} …"
