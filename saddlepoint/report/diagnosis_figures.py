"""The figures of a diagnosis: the Jacobian's leading eigenvalues, those of the kernels, and a predicted step."""

from typing import TYPE_CHECKING

import numpy as np

from saddlepoint.diagnosis.local.kernel import FAST
from saddlepoint.diagnosis.local.measure import Measured
from saddlepoint.report.drawing import INK, Drawing, drawn
from saddlepoint.report.figures import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def drawings(found: Measured) -> list[Drawing]:
    """Those for which there are numbers."""
    made = []
    if found.leading:
        made.append(_spectrum(found))
    if found.discriminator_kernel is not None or found.generator_kernel is not None:
        made.append(_kernels(found))
    if found.prediction is not None:
        made.append(_prediction(found))
    return made


def _spectrum(found: Measured) -> Drawing:
    real, imaginary = _with_conjugates([pair.value for pair in found.leading])

    def paint(axes: "Axes") -> None:
        axes.axvline(0, color=INK, linewidth=0.6)
        axes.axhline(0, color=INK, linewidth=0.6)
        axes.plot(real, imaginary, "o", color=COLOURS[0], markersize=6, alpha=0.8)
        for pair, colour, size in ((found.pair, COLOURS[3], 11), (found.predicted_pair, COLOURS[1], 15)):
            if pair is not None:
                axes.plot(
                    *_with_conjugates([pair.value]), "o", color=colour, markersize=size, fillstyle="none", linewidth=1.4
                )
        # Most lie within a hundredth of the largest: a linear axis would show them as one point.
        axes.set_xscale("symlog", linthresh=max(1e-6, 1e-2 * float(np.hypot(real, imaginary).max())))
        axes.set_xlabel("real part (left: dies away, right: grows)")
        axes.set_ylabel("imaginary part (turns)")

    return Drawing(
        svg=drawn(paint, height=3.8),
        description=(
            f"The {len(real)} leading eigenvalues of the flow's Jacobian that were found. The pair that turns "
            "fastest is ringed, and once more, wider, where the theory's formula with each sample's factors has it."
        ),
    )


def _with_conjugates(values: list[complex]) -> tuple[np.ndarray, np.ndarray]:
    """Real and imaginary parts."""
    both = sorted({*values, *(value.conjugate() for value in values)}, key=lambda each: (each.real, each.imag))
    return np.array([each.real for each in both]), np.array([each.imag for each in both])


def _kernels(found: Measured) -> Drawing:
    named = [("D", found.discriminator_kernel), ("G", found.generator_kernel)]

    def paint(axes: "Axes") -> None:
        for index, (name, kernel) in enumerate(named):
            if kernel is not None and kernel.eigenvalues[0] > 0:
                shares = kernel.eigenvalues / kernel.eigenvalues[0]
                axes.plot(np.arange(1, len(shares) + 1), np.maximum(shares, 1e-12), color=COLOURS[index], label=name)
        axes.axhline(FAST, color=INK, linewidth=0.8, linestyle="dashed")
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_ylim(1e-9, 2)
        axes.set_xlabel("eigenvalue, by its rank")
        axes.set_ylabel("share of the first")
        axes.legend(frameon=False)

    ranks = " and ".join(
        f"{name} {kernel.rank:.1f} ({kernel.fast} fast of {len(kernel.eigenvalues)})"
        for name, kernel in named
        if kernel is not None
    )
    return Drawing(
        svg=drawn(paint, height=3.2),
        description=(
            f"Eigenvalues of the tangent kernels. Effective ranks: {ranks}. Below the dashed line a pattern is "
            "answered a hundred times more slowly than the first."
        ),
    )


def _prediction(found: Measured) -> Drawing:
    made = found.prediction
    assert made is not None
    predicted, happened = made.predicted.numpy(), made.happened.numpy()

    def paint(axes: "Axes") -> None:
        ends = [float(min(predicted.min(), happened.min())), float(max(predicted.max(), happened.max()))]
        axes.plot(ends, ends, color=INK, linewidth=0.8)
        axes.plot(made.bare.numpy(), happened, "o", color=COLOURS[1], markersize=2.5, alpha=0.5, label="kernel alone")
        axes.plot(predicted, happened, "o", color=COLOURS[0], markersize=3.5, alpha=0.7, label="with the penalties")
        axes.set_xlabel("predicted change of D")
        axes.set_ylabel("what the step did")
        axes.legend(frameon=False)

    error = f"{made.error:.2%}" if made.error is not None else "unknown"
    return Drawing(
        svg=drawn(paint, height=3.4),
        description=(
            f"D's next step at each point of the probe: what its kernel predicts against what the step does. The error "
            f"is {error}; a perfect prediction lies on the line. Orange is without the penalties' own gradient."
        ),
    )
