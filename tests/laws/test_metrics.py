"""What is true of every metric: it equals an independent implementation on the same arrays, and says all about itself.

Metrics are found by walking the package: every public function that returns a `Result` is one, and one without an
independent implementation here fails.
"""

import inspect
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm

from saddlepoint.metrics.result import Result
from tests.laws.members import check_reached, modules, public
from tests.laws.metric_cases import Case, found


def returning(kind: Any) -> dict[str, Callable[..., Any]]:
    return {
        name: function
        for module in modules("metrics")
        for name, function in public(module).items()
        if inspect.isfunction(function) and inspect.signature(function, eval_str=True).return_annotation == kind
    }


# A function that gives several metrics at once stands here once for each, as in "neighbours.precision".
SEVERAL = returning(dict[str, Result])
FUNCTIONS = {**returning(Result), **SEVERAL}


def one_of(function: Callable[..., dict[str, Result]], name: str) -> Callable[..., Result]:
    return lambda **given: function(**given)[name]


def arrays(count: int, seed: int, size: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).beta(0.5, 0.5, (count, 1, size, size))


def parzen_again(samples: np.ndarray, validation: np.ndarray, test: np.ndarray) -> tuple[float, float, float]:
    """Value and interval by scipy's normal density, pixel by pixel, without any of the metric's own arithmetic."""

    def values(points: np.ndarray, sigma: float) -> np.ndarray:
        densities = norm.logpdf(points[:, None], loc=samples[None], scale=sigma).sum(axis=(2, 3, 4))
        return logsumexp(densities, axis=1) - math.log(len(samples))

    sigma = max(np.logspace(-1.0, 0, 10), key=lambda width: values(validation, width).mean())
    judged = values(test, sigma)
    half = 1.96 * judged.std() / math.sqrt(len(judged))
    return judged.mean(), judged.mean() - half, judged.mean() + half


# For each metric: arguments, and the value and interval that an independent implementation gives for them.
CASES: dict[str, Case] = {
    **found("CASES"),
    "parzen": (
        {
            "samples": arrays(50, 1),
            "validation": arrays(30, 2),
            "test": arrays(40, 3),
            "split": "test",
            "fingerprint": "f",
            "seed": 1,
        },
        lambda: parzen_again(arrays(50, 1), arrays(30, 2), arrays(40, 3)),
    ),
}
NOT_METRICS = {"saddlepoint.metrics.result": "what every metric returns", **found("NOT_METRICS")}


METRICS: dict[str, Callable[..., Result]] = {
    name: one_of(SEVERAL[name.split(".")[0]], name.split(".")[1]) if "." in name else FUNCTIONS[name] for name in CASES
}


def test_every_file_is_reached():
    reached = {function.__module__ for function in FUNCTIONS.values()}
    check_reached("metrics", reached, NOT_METRICS)


def test_every_metric_has_an_independent_implementation():
    assert {name.split(".")[0] for name in CASES} == set(FUNCTIONS)
    for name, function in SEVERAL.items():
        cases = {case.split(".")[1]: given for case, (given, _) in CASES.items() if case.startswith(name + ".")}
        assert set(cases) == set(function(**next(iter(cases.values()))))


@pytest.mark.parametrize("name", sorted(METRICS))
def test_it_equals_the_independent_implementation(name: str):
    given, expected = CASES[name]
    result = METRICS[name](**given)
    assert (result.value, *result.interval) == pytest.approx(expected(), rel=1e-9)


@pytest.mark.parametrize("name", sorted(METRICS))
def test_its_record_is_complete_and_repeatable(name: str):
    given, _ = CASES[name]
    line = METRICS[name](**given).as_json()
    assert list(line) == ["metric", "value", "interval", "provenance"]
    assert line["interval"][0] <= line["value"] <= line["interval"][1]
    assert {"target", "version", "samples", "reference", "seed", "precision"} <= set(line["provenance"])
    assert json.dumps(line, allow_nan=False) == json.dumps(METRICS[name](**given).as_json(), allow_nan=False)


@pytest.mark.parametrize("name", sorted(METRICS))
def test_it_leaves_its_arrays_alone(name: str):
    given, _ = CASES[name]
    before = {key: value.copy() for key, value in given.items() if isinstance(value, np.ndarray)}
    METRICS[name](**given)
    for key, value in before.items():
        np.testing.assert_array_equal(given[key], value)
