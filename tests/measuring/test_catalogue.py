"""The named metrics: each has what it needs, and the guide's page lists them all as the catalogue has them."""

from pathlib import Path

from saddlepoint.measuring.catalogue import DEFAULT, METRICS
from saddlepoint.measuring.needs import NEEDS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "measuring.md"


def test_each_needs_what_is_known_and_every_need_is_somebodys():
    assert {need for metric in METRICS.values() for need in metric.needs} == set(NEEDS)
    assert set(DEFAULT) <= set(METRICS)


def test_the_guide_lists_them_all():
    rows = [f"| `{name}` | {metric.summary} | {_expected(metric.needs)} |" for name, metric in METRICS.items()]
    assert "\n".join(rows) in PAGE.read_text(encoding="utf-8"), "\n".join(["the rows are:", *rows])


def _expected(needs: tuple[str, ...]) -> str:
    """What a metric needs beside samples, in the words of its refusal."""
    return ", ".join(NEEDS[need].expected for need in needs if need != "samples")
