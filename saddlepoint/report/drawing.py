"""A figure of a page that stands alone: painted once, as SVG that takes the page's ink, with what it shows in words."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saddlepoint.report.figures import inline_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The colour that the page replaces by its own, light or dark.
INK = "#010203"


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A figure with what it shows in words."""

    svg: str
    description: str


def drawn(paint: Callable[["Axes"], None], height: float) -> str:
    """The SVG of what a function paints; the same painting gives the same bytes.

    Args:
        paint: paints into the axes that it is given.
        height: inches; all figures are as wide as the page's column.
    """
    import matplotlib
    import matplotlib.style
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": "saddlepoint", "font.size": 12.5}
    settings |= dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK)
    # A person's own matplotlibrc must not change the page.
    with matplotlib.style.context("default"), matplotlib.rc_context(settings):
        figure = Figure(figsize=(6.4, height), layout="constrained", facecolor="none")
        paint(figure.add_subplot(facecolor="none"))
        file = io.StringIO()
        FigureCanvasSVG(figure).print_svg(file, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return inline_svg(file.getvalue())
