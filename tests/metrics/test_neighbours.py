"""Precision, recall, density and coverage: prdc on the same vectors to the last count, and small sets by hand."""

import contextlib
import io

import numpy as np
import pytest
import torch
from prdc import compute_prdc

import saddlepoint.metrics.distances as distances_module
import saddlepoint.metrics.halving as halving_module
import saddlepoint.metrics.neighbours as neighbours_module
from benchmarks.coverage.neighbours import CASES
from benchmarks.coverage.run import measure
from saddlepoint.errors import UserError
from saddlepoint.metrics.halving import part_radii
from saddlepoint.metrics.neighbours import neighbours

NAMES = {"precision", "recall", "density", "coverage"}


def vectors(seed: int, count: int = 120, dimensions: int = 6, scale: float = 1.0, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, scale, (count, dimensions))


def values(samples: np.ndarray, reference: np.ndarray, k: int = 5) -> dict[str, float]:
    return {name: result.value for name, result in neighbours(samples, reference, provenance={}, k=k).items()}


def of_prdc(samples: np.ndarray, reference: np.ndarray, k: int) -> dict[str, float]:
    with contextlib.redirect_stdout(io.StringIO()):
        return {name: float(value) for name, value in compute_prdc(reference, samples, k).items()}


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize(
    ("samples", "reference"),
    [
        (vectors(1), vectors(2, 150)),
        (vectors(1, 40, 64, 0.8), vectors(2, 200, 64)),
        (vectors(1, 200, 2, 1.5, 100.0), vectors(2, 60, 2, 1.0, 100.0)),
        (vectors(1, 7), vectors(2, 9)),
    ],
)
def test_it_equals_prdc(samples, reference, k):
    assert values(samples, reference, k) == pytest.approx(of_prdc(samples, reference, k), rel=1e-12)


def test_it_equals_prdc_however_it_is_cut_in_blocks(monkeypatch):
    samples, reference = vectors(1), vectors(2, 150)
    whole = neighbours(samples, reference, provenance={})
    for module, name, size in ((neighbours_module, "_BLOCK", 999), (distances_module, "_DISTANCES", 2000)):
        monkeypatch.setattr(module, name, size)
    cut = neighbours(samples, reference, provenance={})
    for name in NAMES:
        assert cut[name].value == whole[name].value == pytest.approx(of_prdc(samples, reference, 5)[name], rel=1e-12)
        assert cut[name].interval == whole[name].interval


def test_points_on_a_line_by_hand():
    reference, samples = np.array([[0.0], [1.0], [3.0]]), np.array([[0.5], [9.0], [10.5]])
    # Radii of the reference 1, 1, 2; of the samples 8.5, 1.5, 1.5: 0.5 lies in two neighbourhoods, the others in none.
    assert values(samples, reference, 1) == {
        "precision": 1 / 3,
        "recall": 1.0,
        "density": 2 / 3,
        "coverage": 2 / 3,
    }


def test_single_precision_is_measured_in_doubles():
    samples, reference = vectors(1).astype(np.float32), vectors(2).astype(np.float32)
    assert values(samples, reference) == values(samples.astype(np.float64), reference.astype(np.float64))
    assert values(torch.from_numpy(samples), reference) == values(samples, reference)  # type: ignore[arg-type]


def test_rotation_translation_and_order_do_not_matter():
    samples, reference = vectors(1), vectors(2, scale=1.1)
    rotation = np.linalg.qr(np.random.default_rng(5).standard_normal((6, 6)))[0]
    moved = values(samples[::-1].copy() @ rotation + 40, reference @ rotation + 40)
    assert moved == pytest.approx(values(samples, reference), rel=1e-12)


def test_copies_far_from_the_origin_are_equal():
    # More than k copies of each point have radius 0, and nothing is inside, whatever the rounding of the products.
    reference = np.repeat(vectors(1, 20) + 1000, 8, axis=0)
    assert values(vectors(3, 30) + 1000, reference)["precision"] == 0.0
    assert values(reference, reference) == {"precision": 0.0, "recall": 0.0, "density": 0.0, "coverage": 0.0}


@pytest.mark.parametrize("rows", [2048, 70, 1])
def test_radii_of_parts_are_those_of_the_part_alone(rows, monkeypatch):
    monkeypatch.setattr(halving_module, "_ROWS", rows)
    table = torch.from_numpy(vectors(1, 300))
    labels = torch.from_numpy(np.random.default_rng(0).integers(0, 4, (2, 300)))
    whole, halves, quarters = part_radii(table, labels, 3, "cpu")
    assert torch.allclose(whole, torch.cdist(table, table).sort(dim=1).values[:, 3].square(), rtol=1e-10)
    for index in range(2):
        for part in range(4):
            quarter, half = labels[index] == part, labels[index] % 2 == part % 2
            for found, members in ((quarters, quarter), (halves, half)):
                alone = torch.cdist(table[members], table[members]).sort(dim=1).values[:, 3].square()
                assert torch.allclose(found[index][members], alone, rtol=1e-10)


def test_the_record_says_k_and_few_points_have_the_whole_range():
    found = neighbours(vectors(1, 20), vectors(2, 25), provenance={"seed": 4}, k=3)
    assert set(found) == NAMES
    assert found["density"].provenance["k"] == 3 and found["density"].provenance["seed"] == 4
    few = neighbours(vectors(1, 10), vectors(2, 12), provenance={})
    assert few["recall"].interval == (0.0, 1.0) and few["density"].interval == (0.0, 12 / 5)


@pytest.mark.parametrize("case", [case for case in CASES if case.name.endswith(".narrow_d16")], ids=lambda c: c.name)
def test_the_interval_covers_its_target(case):
    assert measure(case, repetitions=40)["coverage"] >= 0.82


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: values(vectors(1, 5), vectors(2)), "5 points for the neighbour number 5; expected more than 5"),
        (lambda: values(vectors(1), vectors(2), 0), "k = 0"),
        (lambda: values(vectors(1, 9, 3), vectors(2, 9, 4)), "same size"),
        (lambda: values(vectors(1) * np.nan, vectors(2)), "NaN"),
    ],
)
def test_mistakes_are_said(act, message):
    with pytest.raises(UserError, match=message):
        act()
