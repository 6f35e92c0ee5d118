"""What a diagnosis holds: what was measured of a run, the verdict, and the stable answer as JSON values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from saddlepoint.diagnosis.local.formula import TERMS
from saddlepoint.diagnosis.local.measure import Measured
from saddlepoint.diagnosis.local.verdict import Judged, Seen, Way


@dataclass(frozen=True, kw_only=True)
class Diagnosed:
    """The answer of `diagnose`.

    Attributes:
        way: which run it is, and how it takes changed settings.
        objective: the name of the game's objective.
        found, seen: what was measured, and what the folder tells.
        judged: the verdict.
        settings: the numbers of the next step.
        from_logs: why the logs alone were read; None where the networks were.
    """

    way: Way
    objective: str
    found: Measured
    seen: Seen
    judged: Judged
    settings: Mapping[str, float] = field(default_factory=dict)
    from_logs: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The stable answer; what could not be measured is None, with the reason under its dotted name in `reasons`."""
        found = self.found
        here, rest = found.here, found.rest
        errors = found.shares.errors if found.shares is not None else {}
        sizes = found.shares.sizes if found.shares is not None else {}
        step = found.prediction
        answer = {
            "near_equilibrium": found.near,
            **{name: getattr(here, name) if here is not None else None for name in ("h", "c", "k")},
            "rest": {name: getattr(rest, name) if rest is not None else None for name in ("h", "c", "k")},
            "damping": found.pair.damping if found.pair is not None else None,
            "step_times_fastest": found.fastest,
            "rotation_share": found.shares.rotation if found.shares is not None else None,
            "kernel": {
                f"{player}_rank": kernel.rank if kernel is not None else None
                for player, kernel in (
                    ("discriminator", found.discriminator_kernel),
                    ("generator", found.generator_kernel),
                )
            },
            "prediction_error": step.error if step is not None else None,
            "prediction": {
                "moved": step.moved if step is not None else None,
                "error_with_curvature": step.midway_error if step is not None else None,
                "small_step": {
                    "share": step.share if step is not None else None,
                    "moved": step.small_moved if step is not None else None,
                    "error": step.small_error if step is not None else None,
                },
            },
            "decomposition_error": {name: errors.get(name) for name in ("rest_point", "per_sample", "with_curvature")},
            "parts": {
                name: {
                    "size": sizes.get(name),
                    "of_turning": _complex(found.parts[name]) if found.parts is not None else None,
                }
                for name in TERMS
            },
            "duality_gap": sum(found.gap) if found.gap is not None else None,
            "verdict": self.judged.verdict,
            "because": self.judged.because,
            "remedies": [
                {"changes": dict(each.changes), "do": self.way.command(each), "why": each.why}
                for each in self.judged.remedies
            ],
        }
        return {**answer, "reasons": {name: self._reason(name) for name in _missing(answer)}}

    def _reason(self, name: str) -> str:
        whole, _, part = name.partition(".")
        told = {"kernel.discriminator_rank": "discriminator_kernel", "kernel.generator_rank": "generator_kernel"}
        known = self.found.reasons
        also = {"prediction": "prediction_error", "parts": "decomposition_error"}.get(whole, "")
        for key in (told.get(name, name), whole, also, "rest" if part == "rest_point" else ""):
            if key in known:
                return known[key]
        return self.from_logs or "it was not measured"


def _complex(value: complex) -> list[float]:
    return [value.real, value.imag]


def _missing(answer: Mapping[str, Any], prefix: str = "") -> list[str]:
    names = []
    for key, value in answer.items():
        if value is None:
            names.append(prefix + key)
        elif isinstance(value, dict):
            names += _missing(value, f"{prefix}{key}.")
    return names
