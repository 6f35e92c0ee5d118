"""The experiment on batch normalisation: its batched nets are torch's own, its judgements tell a sign from chance."""

import pytest
import torch
from torch import Tensor, nn

from benchmarks.normalisation import page, results
from benchmarks.normalisation.__main__ import main
from benchmarks.normalisation.design import SEEDS, Cell, cells
from benchmarks.normalisation.hypotheses import Hypothesis, against
from benchmarks.normalisation.judging import judged, summary
from benchmarks.normalisation.networks import PHI, Net
from benchmarks.normalisation.play import OBJECTIVE, RATES, Draws, Play, game, start


class Phi(nn.Module):
    def __init__(self, name: str):
        super().__init__()
        self.name = name

    def forward(self, a: Tensor) -> Tensor:
        return PHI[self.name](a)


def module(net: Net, weights: Tensor) -> nn.Sequential:
    """The same net of torch's layers."""
    layers: list[nn.Module] = []
    for index, (inputs, outputs) in enumerate(zip(net.sizes, net.sizes[1:], strict=False)):
        layers.append(nn.Linear(inputs, outputs))
        if index < len(net.normal) and net.normal[index]:
            layers.append(nn.BatchNorm1d(outputs))
        layers.append(Phi(net.activation))
    made = nn.Sequential(*layers[:-1]).double()
    pieces = [piece[0] for piece in net.pieces(weights[None])]
    with torch.no_grad():
        for parameter, piece in zip(made.parameters(), pieces, strict=True):
            parameter.copy_(piece.T if parameter.dim() == 2 else piece[0])
    return made


def flat(made: nn.Sequential) -> Tensor:
    return torch.cat([each.T.reshape(-1) if each.dim() == 2 else each for each in made.parameters()])


def alone(cell: Cell, seed: int, steps: int) -> tuple[Tensor, Tensor]:
    """One run by torch's modules and optimizers."""
    played = game(cell)
    d, g = (module(net, each[0]) for net, each in zip((played.d, played.g), start(played, [seed]), strict=True))
    draws = Draws(cell, [seed], torch.float64)
    if cell.optimizer == "adam":
        steppers = [torch.optim.Adam(each.parameters(), lr=RATES["adam"], betas=(0.0, 0.999)) for each in (d, g)]
    else:
        steppers = [torch.optim.SGD(each.parameters(), lr=RATES["sgd"]) for each in (d, g)]
    for _ in range(steps):
        for index in range(2):
            real, z, noise = draws()
            real, fake = real[0], g(z[0]) if index else g(z[0]).detach()
            if noise is not None:
                real = real + played.noise * noise[0, : len(real)]
                fake = fake + played.noise * noise[0, len(real) :]
            if cell.apart:
                on_real, on_fake = d(real)[:, 0], d(fake)[:, 0]
            else:
                on_real, on_fake = d(torch.cat([real, fake]))[:, 0].split(len(real))
            of = OBJECTIVE.generator_terms(on_fake) if index else OBJECTIVE.discriminator_terms(on_real, on_fake)
            steppers[index].zero_grad()
            (-sum(of.values(), torch.zeros(()))).backward()
            steppers[index].step()
    return flat(d), flat(g)


@pytest.mark.parametrize(
    "cell",
    [
        Cell(data="8-gaussians", activation="centred softplus", norm="D apart", noise=0.2, batch=16),
        Cell(data="digits", activation="selu", norm="D joint, not first", batch=16, optimizer="sgd", gain="default"),
        Cell(data="digits", activation="relu", norm="D apart and G", batch=16),
    ],
    ids=lambda cell: cell.norm,
)
def test_runs_together_are_the_runs_alone(cell):
    play = Play(game(cell), [3, 1], torch.float64)
    for _ in range(10):
        play.step()
    for index, seed in enumerate((3, 1)):
        d, g = alone(cell, seed, 10)
        assert torch.allclose(play.d[index], d, rtol=0, atol=1e-6)
        assert torch.allclose(play.g[index], g, rtol=0, atol=1e-6)


def test_a_norm_on_the_fakes_alone_hides_their_shift_and_scale():
    for norm, hidden in (("D apart", True), ("D apart, not first", False), ("D joint", False), ("none", False)):
        played = game(Cell(data="digits", activation="relu", norm=norm))
        d, _ = start(played, [0])
        real, fake = torch.randn(2, 1, 64, 64, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        one, other = (played.scores(d, real, each)[1] for each in (fake, 3 * fake + 5))
        assert torch.allclose(one, other, atol=1e-3) is hidden


def test_no_setting_is_run_twice():
    found = cells()
    assert len(found) == len(set(found)) and len(found) * SEEDS == 1880


def test_the_command_records_what_is_missing_and_judges(tmp_path, capsys, monkeypatch):
    few = [Cell(data="8-gaussians", activation="relu", norm=norm, batch=16) for norm in ("none", "D joint")]
    monkeypatch.setattr("benchmarks.normalisation.__main__.cells", lambda: few)
    out = tmp_path / "runs.json"
    call = ["--steps", "6", "--seeds", "1", "--out", str(out)]
    assert main(call) == 0
    record = results.read(out)
    found = results.table(record["runs"])
    assert set(found) == {(cell, 0) for cell in few}
    assert found[few[0], 0]["backward"] == 0 and (found[few[1], 0]["rank"] or 0) > 1
    assert "H1, joint" in capsys.readouterr().out
    assert main([*call, "--seeds", "2"]) == 0 and len(results.read(out)["runs"]) == 4
    (tmp_path / "page.md").write_text(f"before\n{page.BEGIN}\nold\n{page.END}\nafter\n")
    page.write(results.read(out), tmp_path / "page.md")
    text = (tmp_path / "page.md").read_text()
    assert text.startswith("before") and text.endswith("after\n") and "\nold\n" not in text and "D joint" in text
    with pytest.raises(SystemExit):
        main(["--steps", "7", "--out", str(out)])


@pytest.mark.parametrize(("shift", "verdict"), [(0.2, "holds"), (-0.2, "refuted"), (0.0, "refuted")])
def test_a_sign_is_told_from_chance(shift, verdict):
    draws = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(0)) / 10
    found: results.Table = {
        (Cell(data="digits", activation="relu", norm=norm, batch=batch), seed): {
            "rotation": float(draws[i, j, seed]) + shift * i
        }
        for i, norm in enumerate(("none", "G"))
        for j, batch in enumerate((16, 64, 256))
        for seed in range(5)
    }
    claim = Hypothesis(
        name="",
        claim="",
        number=against("rotation", {"norm": "G"}, {"norm": "none"}),
        sign=1,
        over={"batch": (16, 64, 256)},
    )
    one = judged(found, claim, "digits")
    assert one.pairs == 15 and one.missing == 0 and (one.verdict == verdict or shift == 0)
    assert judged(found, claim, "8-gaussians").verdict == "no runs"
    assert shift or one.low < 0 < one.high
    assert summary([one.verdict, one.verdict]) == {"holds": "true", "refuted": "false"}.get(one.verdict, "mixed")
