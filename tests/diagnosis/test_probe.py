"""A probe reads what is there, leaves no trace, and leaves out what has no meaning."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from saddlepoint.data import Packed, open_data
from saddlepoint.diagnosis.probe import KEPT, Probe
from saddlepoint.diagnosis.probed import FEWEST, ITEMS, Looks, Probed, fixed_items, fixed_latents, looks_for
from saddlepoint.objectives import objective
from tests.tasks.examples import packed


class Labelled(nn.Module):
    """A network that is given labels: it adds `weight` where the label is the item's own index, modulo 3."""

    def __init__(self, weight: float):
        super().__init__()
        self.linear = nn.Linear(2, 1)
        self.weight = weight

    def forward(self, items: Tensor, labels: Tensor) -> Tensor:
        return self.weight * (labels == torch.arange(len(labels)) % 3).float() + 0 * self.linear(items)[:, 0]


class Makes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 2)

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        return self.linear(z)


def points(generator: nn.Module, discriminator: nn.Module, **more) -> Probed:
    numbers = torch.Generator().manual_seed(3)
    train, others = torch.randn(30, 2, generator=numbers), torch.randn(20, 2, generator=numbers)
    return Probed(
        generator=generator,
        discriminator=discriminator,
        objective=more.pop("objective", objective("non_saturating")),
        train=train,
        others=others,
        held_out=True,
        train_count=30,
        latents=fixed_latents(20, 0, width=4, prior_name="normal"),
        **more,
    )


def plain(*layers: nn.Module) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 8), *layers, nn.Linear(8, 1))


def maker(*layers: nn.Module) -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(4, 8), *layers, nn.Linear(8, 2))


def read(probed: Probed) -> dict[str, float]:
    return Probe(probed).read({}, since=None, before=None, moves={})[0]


def test_it_leaves_no_trace() -> None:
    discriminator = plain(nn.BatchNorm1d(8), nn.utils.parametrizations.spectral_norm(nn.Linear(8, 8)), nn.Dropout(0.5))
    generator = maker(nn.BatchNorm1d(8), nn.Dropout(0.5))
    generator[1].eval()  # a person's own choice
    probe = Probe(points(generator, discriminator))
    states = [{name: tensor.clone() for name, tensor in net.state_dict().items()} for net in (generator, discriminator)]
    modes = [[module.training for module in net.modules()] for net in (generator, discriminator)]
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    memory = probe.follow({})
    signals, memory = probe.read(memory, since=None, before=probe.weights(), moves={"generator": 1, "discriminator": 1})
    assert torch.equal(torch.rand(3), expected)
    for net, state, mode in zip((generator, discriminator), states, modes, strict=True):
        assert all(torch.equal(tensor, state[name]) for name, tensor in net.state_dict().items())
        assert [module.training for module in net.modules()] == mode
        assert all(parameter.grad is None and parameter.requires_grad for parameter in net.parameters())
    assert signals["batch_dep"] > 0 and "bn_gap_G" in signals and signals["upd_D"] == 0.0
    assert not any(tensor.requires_grad for tensor in memory.values())
    # What dropout draws here is always the same.
    again, _ = Probe(points(generator, discriminator)).read({}, since=None, before=None, moves={})
    assert again["auc_rf"] == signals["auc_rf"] and again["x_nn"] == signals["x_nn"]


def test_what_has_no_meaning_is_left_out() -> None:
    found = read(points(maker(), plain()))
    assert found.keys().isdisjoint({"batch_dep", "bn_gap_G", "label_auc", "drift", "cent_max", "upd_D"})
    assert all(math.isfinite(value) for value in found.values())


def test_without_an_objective_its_pull_alone_is_left_out() -> None:
    known, unknown = (points(maker(), plain(), objective=chosen) for chosen in (objective("hinge"), None))
    assert read(known).keys() - read(unknown).keys() == {"gain", "gain_eff"}
    assert read(unknown).items() <= read(known).items()


@pytest.mark.parametrize(("weight", "expected"), [(2.0, 1.0), (0.0, 0.5), (-1.0, 0.0)])
def test_a_wrong_label_is_another_one(weight: float, expected: float) -> None:
    labels = torch.arange(30) % 3, torch.arange(20) % 3
    assert read(points(Makes(), Labelled(weight), labels=labels, classes=3))["label_auc"] == expected


def test_labels_are_judged_on_items_that_d_was_not_shown() -> None:
    class Knows(nn.Module):
        """By heart which label each training item has; of others it knows nothing."""

        def forward(self, items: Tensor, labels: Tensor) -> Tensor:
            return (labels == torch.arange(len(labels)) % 3).float() * float(len(items) == 30)

    labels = torch.arange(30) % 3, torch.arange(20) % 3
    held_out = points(Makes(), Knows(), labels=labels, classes=3)
    assert read(held_out)["label_auc"] == 0.5
    assert read(replace(held_out, held_out=False))["label_auc"] == 1.0


def test_maps_of_scores_count_by_their_means() -> None:
    network = nn.Sequential(plain(), nn.Unflatten(1, (1, 1, 1)), nn.Upsample(scale_factor=3))
    single, mapped = read(points(maker(), plain())), read(points(maker(), network))
    assert mapped["auc_rf"] == single["auc_rf"] and mapped["spread"] == pytest.approx(single["spread"])


def test_one_call_and_three_read_the_same() -> None:
    apart, joint = (read(points(maker(), plain(), joint=joint)) for joint in (False, True))
    assert joint == pytest.approx(apart, rel=1e-5)


def test_movement_is_given_for_as_many_steps_and_the_rate_of_the_start() -> None:
    generator = maker()
    probe = Probe(points(generator, plain()))
    _, memory = probe.read({}, since=None, before=None, moves={})
    with torch.no_grad():
        generator[-1].get_parameter("bias").add_(torch.tensor([3.0, 4.0]))
    moved = 5.0 / float(probe.scale)
    for since, share in ((25, 1.0), (50, 1.0), (25, 0.5)):
        found, _ = probe.read(memory, since=since, before=None, moves={}, rate_share=share)
        assert found["drift"] == pytest.approx(moved * 25 / since / share, rel=1e-5)
    # A run that was begun with another number of samples.
    other = {"samples": memory["samples"][:-1]}
    assert "drift" not in probe.read(other, since=25, before=None, moves={})[0]


def test_the_path_keeps_its_newest_points() -> None:
    probe, memory = Probe(points(maker(), plain())), {}
    for _ in range(KEPT + 3):
        memory = probe.follow(memory)
    assert memory["path"].shape == (KEPT, 2)


def test_steps_of_a_player_that_moves_often_are_shared_out() -> None:
    discriminator = plain()
    probe = Probe(points(maker(), discriminator))
    before = probe.weights()
    with torch.no_grad():
        discriminator[0].get_parameter("bias")[0] += 0.6
    size = math.sqrt(sum(float(parameter.detach().square().sum()) for parameter in discriminator.parameters()))
    found, _ = probe.read({}, since=None, before=before, moves={"discriminator": 4, "generator": 1})
    assert found["upd_D"] == pytest.approx(0.6 / size / 4, rel=1e-5) and found["upd_G"] == 0.0


def test_wide_items_and_large_tensors_are_thinned() -> None:
    generator = nn.Sequential(nn.Linear(4, 70_000), nn.Unflatten(1, (7, 100, 100)))
    probed = Probed(
        generator=generator,
        discriminator=nn.Sequential(nn.Flatten(), nn.Linear(70_000, 1), nn.Flatten(0)),
        objective=objective("hinge"),
        train=torch.randn(16, 7, 100, 100),
        others=torch.randn(16, 7, 100, 100),
        held_out=False,
        train_count=16,
        latents=torch.randn(16, 4),
    )
    probe = Probe(probed)
    # Of 4 x 70,000 weights every fifth, of 70,000 biases every second; of D's 70,000 weights too, and its bias.
    assert {name: len(each) for name, each in probe.weights().items()} == {"generator": 91_000, "discriminator": 35_001}
    signals, memory = probe.read({}, since=None, before=None, moves={})
    assert memory["samples"].shape == (16, 3072) and "auc_th" not in signals


def test_large_items_are_shown_in_parts() -> None:
    shown: list[int] = []
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 300 * 300, 1), nn.Flatten(0))
    network.register_forward_pre_hook(lambda module, inputs: shown.append(len(inputs[0])))
    items = torch.rand(20, 3, 300, 300)
    probed = Probed(
        generator=nn.Sequential(nn.Linear(4, 3 * 300 * 300), nn.Unflatten(1, (3, 300, 300))),
        discriminator=network,
        objective=objective("hinge"),
        train=items,
        others=items,
        held_out=True,
        train_count=20,
        latents=torch.randn(20, 4),
    )
    found = read(probed)
    assert shown == 3 * [8, 8, 4] and found["auc_th"] == 0.5


def test_all_of_it_is_what_the_definitions_say() -> None:
    """In double precision, term by term and in loops."""
    generator, discriminator = maker(nn.Tanh()), plain(nn.Tanh())
    probed = points(generator, discriminator)
    probe, memory = Probe(probed), {}
    memory = probe.read(memory, since=None, before=None, moves={})[1]
    path = []
    for _ in range(9):
        with torch.no_grad():
            for parameter in generator.parameters():
                parameter += 0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(len(path)))
        memory = probe.follow(memory)
        path.append(generator(probed.latents[: probed.followed]).detach().double().mean(0))
    before = probe.weights()
    old = [parameter.detach().double().clone() for parameter in discriminator.parameters()]
    with torch.no_grad():
        for parameter in discriminator.parameters():
            parameter *= 1.01
    found, _ = probe.read(memory, since=25, before=before, moves={"discriminator": 2, "generator": 1})

    new = [parameter.detach().double() for parameter in discriminator.parameters()]
    made, real = generator(probed.latents).detach(), probed.others.double()
    scores = [
        discriminator(items).detach().double().flatten().tolist() for items in (probed.train, probed.others, made)
    ]
    train, others, fakes = scores
    made = made.double()
    within, across, apart = (_distances(one, two) for one, two in ((made, made), (made, real), (real, real)))
    scale, near = _mean_apart(apart), _nearest(apart)
    assert found["auc_rf"] == pytest.approx(_rank(train, fakes)) and found["auc_th"] == pytest.approx(
        _rank(train, others)
    )
    # f3 = log sigmoid(D), whose slope is 1 - sigmoid(D): half at rest.
    pull = torch.sigmoid(-torch.tensor(fakes, dtype=torch.float64))
    expected = {
        "gain": pull.mean() / 0.5,
        "gain_eff": pull.sum() ** 2 / (len(fakes) * (pull**2).sum()),
        "spread": torch.tensor(train + fakes).std(),
        "drift": (made - memory["samples"].double()).norm(dim=1).mean() / scale,
        "x_mean": (made.mean(0) - real.mean(0)).norm() / real.std(0).norm(),
        "x_pd": _mean_apart(within) / scale,
        "x_nn": _nearest(within).median() / near.median(),
        "x_hub": max(sum(int(row.argmin()) == place for row in across) for place in range(len(real))) / len(made),
        "x_recall": sum(
            any(across[i, j] <= within[i].sort().values[5] for i in range(len(made))) for j in range(len(real))
        )
        / len(real),
        "x_cov1": across.amin(0).median() / near.median(),
        "cent_max": max(
            sum((path[at + lag] - path[at]).norm() for at in range(9 - lag)) / (9 - lag) for lag in range(1, 7)
        )
        / scale,
        "turn_cos": sum(
            torch.cosine_similarity(two - one, three - two, dim=0)
            for one, two, three in zip(path, path[1:], path[2:], strict=False)
        )
        / 7,
        "upd_D": (
            sum((b - a).square().sum() for a, b in zip(old, new, strict=True)) / sum(b.square().sum() for b in new)
        )
        ** 0.5
        / 2,
        "upd_G": 0.0,
        "size_D": sum(b.square().sum() for b in new) ** 0.5,
        "size_G": sum(b.detach().double().square().sum() for b in generator.parameters()) ** 0.5,
    }
    assert found.keys() == expected.keys() | {"auc_rf", "auc_th"}
    for name, value in expected.items():
        assert found[name] == pytest.approx(float(value), rel=2e-6, abs=1e-9), name


def _distances(one: Tensor, two: Tensor) -> Tensor:
    return torch.stack([torch.stack([(a - b).norm() for b in two]) for a in one])


def _mean_apart(within: Tensor) -> float:
    return float(within.sum()) / (len(within) * (len(within) - 1))


def _nearest(within: Tensor) -> Tensor:
    return torch.stack([torch.cat([row[:place], row[place + 1 :]]).min() for place, row in enumerate(within)])


def _rank(above: list[float], below: list[float]) -> float:
    return sum((a > b) + 0.5 * (a == b) for a in above for b in below) / (len(above) * len(below))


# Items


@pytest.mark.parametrize(
    ("numbers", "batch", "looks"),
    [
        (64, 2, (128, 16, 1)),
        (784, 8, (32, 8, 1)),
        (784, 64, (64, 16, 1)),
        (784, 512, (64, 16, 1)),
        (3 * 32 * 32, 32, (32, 8, 1)),
        (3 * 32 * 32, 24, (32, 8, 2)),
        (3 * 32 * 32, 8, (32, 8, 4)),
        (3 * 256 * 256, 1, (32, 8, 8)),
    ],
)
def test_a_look_costs_little_beside_the_steps(numbers: int, batch: int, looks: tuple[int, int, int]) -> None:
    items, followed, apart = looks
    assert looks_for(numbers, batch) == Looks(items=items, followed=followed, apart=apart)


def test_items_are_fixed_and_of_their_splits() -> None:
    data = open_data("digits", hold_out=0.1)
    found = fixed_items(data.splits, 5)
    assert found is not None and found.held_out and len(found.train) == len(found.others) == ITEMS
    assert set(found.train) <= set(data.splits["train"]) and set(found.others) <= set(data.splits["held_out"])
    again, other = fixed_items(data.splits, 5), fixed_items(data.splits, 6)
    assert again is not None and (again.train == found.train).all()
    assert other is not None and (other.train != found.train).any()


def test_without_held_out_items_other_training_items_stand_in() -> None:
    data = open_data("digits", hold_out=0.0)
    found = fixed_items(data.splits, 0)
    assert found is not None and not found.held_out and not set(found.train) & set(found.others)
    few: Packed = packed()
    assert len(few.splits["train"]) < 2 * FEWEST and fixed_items(few.splits, 0) is None
