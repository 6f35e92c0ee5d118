"""What is tried first depends on the rates that the run has."""

import pytest

from saddlepoint.diagnosis.remedies import Situation, first_remedy


def situation(discriminator: float, generator: float, **more) -> Situation:
    rates = {"discriminator.rate": discriminator, "generator.rate": generator}
    given = {"images": True, "objective": "minimax", "clip": None, "batch": 64, "latent": 16, **more}
    return Situation(settings=rates, scale=6.0, **given)


@pytest.mark.parametrize(
    ("discriminator", "generator", "both"), [(2e-4, 3.2e-3, "0.0008"), (2e-6, 2e-4, "0.0002"), (1e-3, 1e-3, None)]
)
def test_a_faster_generator_is_met_halfway_and_a_d_that_hardly_learns_is_as_fast(
    discriminator: float, generator: float, both: str | None
) -> None:
    changes = first_remedy("collapse", situation(discriminator, generator)).changes
    rates = [each for each in changes if ".rate=" in each]
    assert rates == ([f"discriminator.rate={both}", f"generator.rate={both}"] if both else [])
    assert changes[:3] == ("penalties.r1=0.6", "penalties.r2=0.6", "objective=non_saturating")


@pytest.mark.parametrize("finding", ["generator_frozen", "no_progress"])
def test_rates_that_move_nothing_are_made_larger_and_dead_units_need_fresh_weights(finding: str) -> None:
    idle = first_remedy(finding, situation(5e-6, 5e-6))
    assert (idle.ask, idle.changes) == ("set", ("discriminator.rate=0.0005", "generator.rate=0.0005"))
    assert first_remedy("generator_frozen", situation(1e-3, 1e-7)).changes == ("generator.rate=0.001",)
    assert first_remedy("generator_frozen", situation(1e-3, 1e-3)).ask == "anew"
