"""How figures look, and how they become files: the same bytes for the same numbers.

matplotlib is imported where it is used, because that takes longer than most commands do.
"""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

INK = "#1b2128"
MUTED = "#58626e"
LINE = "#dde1e6"
GROUND = "#fefefe"
BLUE = "#2f7ebc"
"""These five follow the page's light and dark colours where a figure is part of one."""

SCORE_COLOURS = ("#b35806", "#f0a64a", "#b9bfc7", "#86b9dd", "#2469a8")
"""Of the scores 1 to 5: from orange to blue, which people with any kind of colour vision tell apart."""

LONGEST_LABEL = 30
PNG_DPI = 160

_PAGE_COLOURS = {INK: "--text", MUTED: "--muted", LINE: "--line", GROUND: "--panel", BLUE: "--data"}
_LOW, _HIGH = "#eaf1f8", "#0f4c8a"

_SETTINGS: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": LINE,
    "axes.facecolor": "none",
    "axes.labelcolor": MUTED,
    "axes.labelsize": 8,
    "axes.titlesize": 8.5,
    "axes.titlecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8.5,
    "figure.constrained_layout.h_pad": 0.09,
    "figure.constrained_layout.w_pad": 0.09,
    "figure.facecolor": GROUND,
    "savefig.facecolor": GROUND,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "svg.fonttype": "path",
}


@contextmanager
def styled(salt: str = "vmevalkit") -> Iterator[None]:
    """Draw in our style for the length of the block."""
    import matplotlib as mpl

    with mpl.rc_context({**_SETTINGS, "svg.hashsalt": salt}), warnings.catch_warnings():
        # A difficulty may be named in a script that the font does not have; a box in its place will do.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def new_figure(width: float, height: float) -> "Figure":
    """Make an empty figure, in inches, that makes room for its labels and needs no screen."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def sequential() -> "Colormap":
    """Return the colours from none to all."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("rate", [_LOW, "#7fb0d8", _HIGH])


def diverging() -> "Colormap":
    """Return the colours from worse, orange, to better, blue."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("difference", ["#b35806", "#f3c58c", "#eef0f2", "#9cc4e4", _HIGH])


def text_colour_on(colour: tuple[float, float, float, float]) -> str:
    """Return black or white, whichever is easier to read on a colour."""
    red, green, blue, _ = colour
    return "#ffffff" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.55 else "#14181d"


def percent_axis(axis: "Axis") -> None:
    """Give an axis a percent scale from 0 to 100."""
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1.0))
    axis.set_ticks([0, 0.25, 0.5, 0.75, 1.0])


def bare(axes: "Axes") -> None:
    """Take the frame and the ticks' marks away; the labels stay."""
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def short(label: str, longest: int = LONGEST_LABEL) -> str:
    """Shorten a long label in its middle: names differ at both ends."""
    if len(label) <= longest:
        return label
    head = (longest - 1) // 2
    return f"{label[:head]}…{label[len(label) - (longest - 1 - head) :]}"


def svg(figure: "Figure", salt: str) -> str:
    """Render a figure as SVG, without date, version or anything else that differs between two calls."""
    out = io.StringIO()
    with styled(salt):
        figure.savefig(out, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return out.getvalue()


def png(figure: "Figure") -> bytes:
    """Render a figure as PNG."""
    out = io.BytesIO()
    with styled():
        figure.savefig(out, format="png", dpi=PNG_DPI, metadata={"Software": None})
    return out.getvalue()


def inline_svg(text: str, caption: str) -> str:
    """Make an SVG file part of a page: it follows the page's colours, and tells its caption to screen readers."""
    body = text[text.index("<svg") :]
    body = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", body).replace("xlink:href", "href")
    used = set(re.findall(r'(?:url\(|href=")#([\w.-]+)', body))
    body = re.sub(r'\sid="([^"]*)"', lambda match: match[0] if match[1] in used else "", body)
    for colour, name in _PAGE_COLOURS.items():
        body = body.replace(colour, f"var({name})")
    label = caption.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    width = re.search(r'width="([\d.]+pt)"', body)
    natural = f' style="--natural: {width[1]}"' if width else ""
    return body.replace("<svg", f'<svg role="img" aria-label="{label}"{natural}', 1).rstrip()
