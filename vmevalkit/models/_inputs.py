"""What a model on a host of many models is given: each has its own names for the frame, the duration and the rest.

The options of a `ModelEntry` say which: wherever a text in them holds ``{prompt}``, ``{image}``, ``{width}``,
``{height}``, ``{seconds}`` or ``{seed}``, the job's own value is put in. A text that is nothing else becomes the value
itself, so that ``"{seconds}"`` is the number 5; ``"{seconds!s}"`` is the text ``5``, and ``"{seconds}s"`` is ``5s``.
"""

import re
from collections.abc import Mapping

from vmevalkit.models.provider import VideoJob

_NAMES = ("prompt", "image", "width", "height", "seconds", "seed")
_PLACE = re.compile(r"\{(" + "|".join(_NAMES) + r")(!s)?\}")


def inputs(options: Mapping[str, object], job: VideoJob, image: str, *, image_name: str) -> dict[str, object]:
    """Return the fields of a submission.

    Args:
        options: of the model.
        job: what is asked for.
        image: the first frame in the form that the host takes: a URL or a data URI.
        image_name: the field of the first frame, unless an option takes it.

    """
    usual = {"prompt": "{prompt}", image_name: "{image}"}
    taken = set(_mentioned(options))
    asked = {name: text for name, text in usual.items() if text not in taken} | dict(options)
    values: dict[str, object] = {
        "prompt": job.prompt,
        "image": image,
        "width": job.width,
        "height": job.height,
        "seconds": whole(job.seconds),
        "seed": job.seed,
    }
    return {name: _filled(value, values) for name, value in asked.items()}


def whole(seconds: float) -> int | float:
    """Return a whole number as an integer, which is written without a decimal point."""
    return int(seconds) if seconds == int(seconds) else seconds


def _mentioned(value: object) -> list[str]:
    if isinstance(value, str):
        return [f"{{{found[1]}}}" for found in _PLACE.finditer(value)]
    if isinstance(value, Mapping):
        return [name for part in value.values() for name in _mentioned(part)]
    if isinstance(value, list | tuple):
        return [name for part in value for name in _mentioned(part)]
    return []


def _filled(value: object, values: Mapping[str, object]) -> object:
    if isinstance(value, str):
        found = _PLACE.fullmatch(value)
        if found is not None and found[2] is None:
            return values[found[1]]
        return _PLACE.sub(lambda place: str(values[place[1]]), value)
    if isinstance(value, Mapping):
        return {name: _filled(part, values) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(part, values) for part in value]
    return value
