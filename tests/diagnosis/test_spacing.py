"""When a game is looked at."""

import pytest

from saddlepoint.diagnosis.spacing import Spacing


@pytest.mark.parametrize("spacing", [Spacing(), Spacing().times(8), Spacing(often=3, early=20, rarely=7)])
@pytest.mark.parametrize("step", [0, 1, 18, 20, 21, 24, 25, 26, 999, 1000, 1001, 1049, 1050, 1051, 7333])
def test_the_newest_probe_before_a_step(spacing: Spacing, step: int) -> None:
    assert spacing.newest_before(step) == max((at for at in range(step + 1) if spacing.is_probed(at)), default=None)


def test_probes_get_rare_and_each_is_a_point_of_the_path() -> None:
    spacing = Spacing()
    assert [at for at in range(941, 1151) if spacing.is_probed(at)] == [950, 975, 1000, 1050, 1100, 1150]
    assert [at for at in range(990, 1022) if spacing.is_followed(at)] == [990, 995, 1000, 1010, 1020]
    apart = spacing.times(4)
    assert [at for at in range(801, 1401) if apart.is_probed(at)] == [900, 1000, 1200, 1400]
    assert [at for at in range(941, 1101) if apart.is_followed(at)] == [960, 980, 1000, 1040, 1080]
