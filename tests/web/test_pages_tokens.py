"""The colours of the pages stand out enough, in light and in dark."""

import re
from pathlib import Path

import pytest

import vmevalkit.web

_BASE = (Path(vmevalkit.web.__file__).parent / "static" / "base.css").read_text()
TOKENS = {
    name: {"light": light, "dark": dark}
    for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", _BASE)
}
GROUNDS = ("ground", "surface", "sunken")
TEXT = [
    *((colour, ground) for colour in ("text", "muted") for ground in (*GROUNDS, "accent-ground")),
    *(("accent", ground) for ground in (*GROUNDS, "accent-ground")),
    ("on-accent", "accent"),
    *((outcome, f"{outcome}-ground") for outcome in ("passed", "failed", "error", "unscored")),
    *((outcome, ground) for outcome in ("passed", "failed", "error") for ground in ("surface", "ground")),
    *(("on-heat-low", f"heat-{tone}") for tone in range(4)),
    *(("on-heat-high", f"heat-{tone}") for tone in (4, 5)),
]
SHAPES = [
    *(("line-strong", ground) for ground in ("ground", "surface")),
    *((f"{outcome}-fill", "surface") for outcome in ("passed", "failed", "error")),
    ("accent", "sunken"),
]


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("colour", "ground"), TEXT)
def test_text_can_be_read(colour: str, ground: str, scheme: str) -> None:
    assert contrast(TOKENS[colour][scheme], TOKENS[ground][scheme]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("colour", "ground"), SHAPES)
def test_shapes_can_be_seen(colour: str, ground: str, scheme: str) -> None:
    assert contrast(TOKENS[colour][scheme], TOKENS[ground][scheme]) >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_tones_of_a_share_can_be_told_apart_in_grey(scheme: str) -> None:
    tones = [luminance(TOKENS[f"heat-{tone}"][scheme]) for tone in range(6)]
    assert tones == sorted(tones, reverse=scheme == "light")


@pytest.mark.parametrize("name", ["components", "overview", "runs", "compare", "data", "text"])
def test_only_tokens_name_colours(name: str) -> None:
    rules = (Path(vmevalkit.web.__file__).parent / "static" / f"{name}.css").read_text()
    assert not re.search(r": [^;]*#[0-9a-f]{3,8}\b", rules)
