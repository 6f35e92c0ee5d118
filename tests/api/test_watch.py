"""`sp.Watch`: a loop of one's own is the loop that it would be, and is told what a run would be told."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

import saddlepoint as sp
from saddlepoint.api.lightning import watching
from saddlepoint.api.own_numbers import numbers_of, optimizer_of
from saddlepoint.api.watch import Watch
from saddlepoint.api.watched import RawScores
from saddlepoint.errors import UserError

POINTS = torch.randn(80, 2, generator=torch.Generator().manual_seed(5))


def quiet(*arguments: Any, **named: Any) -> Watch:
    return Watch(*arguments, **{"tell": lambda line: None, **named})


def maker() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))


def judge(*ends: nn.Module) -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1), *ends)


# The loop stays what it is


class Noisy(Dataset):
    """Points that are drawn anew each time, by every generator that a loop may use."""

    def __len__(self) -> int:
        return 80

    def __getitem__(self, index: int) -> Tensor:
        return POINTS[index] + torch.randn(2) + float(np.random.rand()) + random.random()


def played(watched: bool) -> list[Any]:
    """All that a loop leaves behind, with and without."""
    torch.manual_seed(0)
    np.random.seed(0)
    random.seed(0)
    generator = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 2))
    normalised = nn.utils.parametrizations.spectral_norm(nn.Linear(2, 8)), nn.utils.spectral_norm(nn.Linear(8, 8))
    discriminator = nn.Sequential(normalised[0], nn.BatchNorm1d(8), nn.Dropout(0.2), normalised[1], nn.Linear(8, 1))
    discriminator[1].eval()
    loader = DataLoader(Noisy(), batch_size=16, shuffle=True)
    players = [(net, torch.optim.Adam(net.parameters(), 1e-2)) for net in (generator, discriminator)]
    draw = {"latent": lambda count: torch.randn(count, 4)}
    watch = quiet(generator, discriminator, loader, held_out=Noisy(), every=5, **draw) if watched else None
    for _ in range(5):
        for real in loader:
            for net, optimizer in players[::-1]:
                fake = generator(torch.randn(16, 4))
                loss = softplus(-discriminator(fake)).mean()
                if net is discriminator:
                    loss = softplus(-discriminator(real)).mean() + softplus(discriminator(fake.detach())).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            if watch is not None:
                watch.step()
    if watch is not None:
        assert {"auc_th", "batch_dep", "bn_gap_G", "upd_G", "drift"} <= watch.signals.keys()
    modes = [[module.training for module in net.modules()] for net, _ in players]
    states = [[*net.state_dict().values()] + [parameter.grad for parameter in net.parameters()] for net, _ in players]
    return [modes, states, torch.get_rng_state(), np.random.rand(), random.random()]


def same(one: Any, two: Any) -> bool:
    if isinstance(one, list):
        return len(one) == len(two) and all(map(same, one, two))
    return torch.equal(one, two) if isinstance(one, Tensor) else one == two


def test_no_bit_of_the_loop_changes() -> None:
    assert same(played(False), played(True))


# It is told what is wrong


def fails(watch: Any, generator: nn.Module, discriminator: nn.Module, optimizers: Any, images: Tensor) -> None:
    """A minimax game with a discriminator that is far too fast, for as long as nothing is found."""
    optimizer_g, optimizer_d = optimizers
    for _ in range(300):
        real, z = images[torch.randint(len(images), (8,))], torch.randn(8, 8)
        loss = softplus(-discriminator(real)).mean() + softplus(discriminator(generator(z).detach())).mean()
        optimizer_d.zero_grad()
        loss.backward()
        optimizer_d.step()
        loss = -softplus(discriminator(generator(z))).mean()
        optimizer_g.zero_grad()
        loss.backward()
        optimizer_g.step()
        watch.step()
        if watch.open:
            return


def test_a_planted_failure_is_named_with_its_cure(tmp_path: Path) -> None:
    torch.manual_seed(0)
    generator = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))
    data = sp.open_data("digits")
    images = data.batch(data.splits["train"])[0] / 127.5 - 1
    optimizers = torch.optim.Adam(generator.parameters(), 2e-4), torch.optim.Adam(discriminator.parameters(), 2e-2)
    said: list[str] = []
    watch = Watch(
        *(generator, discriminator, "digits"),
        objective="minimax",
        optimizers=optimizers,
        folder=tmp_path / "watched",
        tell=said.append,
    )
    assert said == [
        "watch: 128 items and 128 latents are looked at every 25 iterations. Not judged: labels_ignored (no classes=)."
    ]
    fails(watch, generator, discriminator, optimizers, images)
    assert watch.open[0] == "vanishing_generator_gradient" and watch.signals["auc_rf"] > 0.9
    line = watch.findings[0]
    assert list(line) == ["finding", "state", "step", "since", "words", "evidence", "healthy", "do"]
    assert (line["finding"], line["state"], line["step"]) == ("vanishing_generator_gradient", "open", 275)
    assert line["do"].startswith("Penalise the squared input gradient") and "loss_d = loss_d + weight" in line["do"]
    assert len(said) == 2 and line["words"] in said[1] and "healthy runs 0.95 to 1.36" in said[1]
    written = [json.loads(each) for each in (tmp_path / "watched" / "findings.jsonl").read_text().splitlines()]
    assert written == watch.findings
    probes = [json.loads(each) for each in (tmp_path / "watched" / "probes.jsonl").read_text().splitlines()]
    assert [probe["step"] for probe in probes] == list(range(25, 276, 25))
    with pytest.raises(UserError, match=r"holds probes\.jsonl of before"):
        quiet(generator, discriminator, "digits", folder=tmp_path / "watched")


def test_networks_that_are_not_finite_are_said_to_be() -> None:
    said: list[str] = []
    generator, discriminator = maker(), judge()
    watch = Watch(generator, discriminator, POINTS, every=2, tell=said.append)
    with torch.no_grad():
        generator[0].get_parameter("weight").fill_(torch.nan)
    watch.step()
    watch.step()
    assert watch.open == ("nan_ahead",) and "is not finite any more" in said[1] and "not finite;" in said[1]
    assert "tenth of both learning rates" in said[1] and "an overflow before it happens (no objective=)" in said[0]


def test_a_network_that_refuses_the_probe_does_not_end_the_loop() -> None:
    class Fussy(nn.Linear):
        def forward(self, items: Tensor) -> Tensor:
            if len(items) not in (2, 16):
                raise ValueError("batches of 16 only")
            return super().forward(items)

    said: list[str] = []
    watch = Watch(maker(), Fussy(2, 1), POINTS, every=1, tell=said.append)
    for _ in range(3):
        watch.step()
    assert len(said) == 2 and said[1].startswith("watch: looks no more from iteration 1 on") and not watch.findings


def test_rates_and_clipping_are_read_off_the_loop() -> None:
    generator, discriminator = maker(), judge()
    with torch.no_grad():
        for weight in discriminator.parameters():
            weight.clamp_(-0.2, 0.2)
    optimizers = (
        torch.optim.SGD(discriminator.parameters(), 0.1, momentum=0.9),
        torch.optim.Adam(generator.parameters()),
    )
    situation = quiet(generator, discriminator, POINTS, optimizers=optimizers)._situation({})
    assert situation.clip == pytest.approx(0.2) and situation.images is False
    found = numbers_of({"discriminator": optimizer_of(optimizers, discriminator)})
    assert found == {"discriminator.rate": 0.1, "discriminator.momentum": 0.9, "discriminator.beta1": 0.0}
    assert optimizer_of(optimizers, judge()) is None


# What it takes


class Streamed(IterableDataset):
    def __iter__(self) -> Iterator[tuple[Tensor, int]]:
        return iter([(point, index % 3) for index, point in enumerate(POINTS)])


LABELS = torch.arange(80) % 3
FORMS = {
    "tensor": POINTS,
    "array": POINTS.numpy(),
    "list": list(POINTS),
    "dataset": TensorDataset(POINTS, LABELS),
    "loader": DataLoader(TensorDataset(POINTS), batch_size=8),
    "stream": DataLoader(Streamed(), batch_size=8),
}


@pytest.mark.parametrize("form", FORMS)
def test_items_come_from_whatever_a_loop_has(form: str) -> None:
    probed = quiet(maker(), judge(), FORMS[form], objective="hinge")._probed
    assert probed.train.shape == probed.others.shape == (40, 2) and not probed.held_out
    assert {tuple(row) for row in torch.cat([probed.train, probed.others]).tolist()} == {
        tuple(row) for row in POINTS.tolist()
    }


class Conditional(nn.Module):
    """A network that is given labels, and can do without in no way."""

    def __init__(self, given: int, made: int):
        super().__init__()
        self.linear, self.labels = nn.Linear(given, made), nn.Embedding(3, made)

    def forward(self, given: Tensor, labels: Tensor) -> Tensor:
        return self.linear(given) + self.labels(labels)


@pytest.mark.parametrize(
    "given", [{"data": FORMS["dataset"]}, {"data": FORMS["stream"]}, {"data": POINTS, "labels": LABELS}]
)
def test_labels_are_given_to_both(given) -> None:
    said: list[str] = []
    networks = Conditional(4, 2), Conditional(2, 1)
    watch = Watch(*networks, **given, held_out=TensorDataset(POINTS + 1, LABELS), classes=3, every=1, latent=4,
                     objective="hinge", tell=said.append)  # fmt: skip
    watch.step()
    assert {"label_auc", "auc_th"} <= watch.signals.keys() and "Not judged" not in said[0]
    with pytest.raises(UserError, match=r"without classes=|classes=N"):
        quiet(*networks, given["data"], latent=4)
    with pytest.raises(UserError, match="give more classes="):
        quiet(*networks, **given, classes=2, latent=4)


def images_net(first: nn.Module) -> nn.Module:
    return nn.Sequential(first, nn.Flatten(), nn.LazyLinear(64), nn.Unflatten(1, (1, 8, 8)))


@pytest.mark.parametrize(
    ("first", "latent", "shape"),
    [
        (nn.Linear(6, 3), None, (6,)),
        (nn.ConvTranspose2d(6, 3, 2), None, (6, 1, 1)),
        (nn.Conv2d(6, 3, 1), 6, (6, 1, 1)),
        (nn.Conv2d(6, 3, 1), lambda count: torch.zeros(count, 6, 2, 2), (6, 2, 2)),
    ],
    ids=["linear", "transposed", "width", "function"],
)
def test_latents_are_found_or_taken(first: nn.Module, latent: Any, shape: tuple[int, ...]) -> None:
    generator, discriminator = images_net(first), nn.Sequential(nn.Flatten(), nn.Linear(64, 1))
    generator(torch.zeros(1, *shape))
    watch = quiet(generator, discriminator, "digits", latent=latent)
    assert watch._probed.latents.shape[1:] == shape and watch._probed.held_out
    low, high = watch._probed.train.aminmax()
    assert (float(low), float(high)) == (-1.0, 1.0)


class Compiled(nn.Module):
    """As torch.compile wraps a module; torch's own takes four seconds to be imported."""

    def __init__(self, of: nn.Module):
        super().__init__()
        self._orig_mod = of


def test_maps_of_scores_and_wrapped_networks_are_taken() -> None:
    patches = nn.Sequential(judge(), nn.Unflatten(1, (1, 1, 1)), nn.Upsample(scale_factor=3))
    plain, mapped = (quiet(maker(), net, POINTS, every=1) for net in (judge(), patches))
    wrapped = quiet(Compiled(maker()), nn.DataParallel(judge()), POINTS, every=1)
    for watch in (plain, mapped, wrapped):
        watch.step()
    assert plain.signals == pytest.approx(mapped.signals) and plain.signals == wrapped.signals
    assert type(wrapped._probed.discriminator) is nn.Sequential


@pytest.mark.parametrize("end", [nn.Sigmoid(), nn.Sequential(nn.Sigmoid(), nn.Flatten(0))])
def test_probabilities_are_judged_as_the_raw_scores_that_they_come_of(end: nn.Module) -> None:
    raw, ended = (quiet(maker(), net, POINTS, objective="minimax", every=1) for net in (judge(), judge(end)))
    for watch in (raw, ended):
        watch.step()
    assert isinstance(ended._probed.discriminator, RawScores)
    assert ended.signals == pytest.approx(raw.signals, rel=1e-3)


WRONG = {
    "no network": (lambda: quiet("generator", judge(), POINTS), "give the generator that your loop trains"),
    "few": (lambda: quiet(maker(), judge(), POINTS[:20]), "give more of what"),
    "whole numbers": (lambda: quiet(maker(), judge(), POINTS.long()), "after the transformation"),
    "no items": (lambda: quiet(maker(), judge(), 3), "give data=loader"),
    "another width": (lambda: quiet(maker(), judge(), POINTS, latent=5), "give the latent= that it was built for"),
    "no layer": (lambda: quiet(nn.Sequential(nn.Embedding(3, 2), maker()), judge(), POINTS), "give latent=64, or"),
    "other items": (lambda: quiet(maker(), judge(), "digits"), "give data= as the discriminator sees it"),
    "logits": (lambda: quiet(maker(), nn.Linear(2, 3), POINTS), "returns that score alone"),
    "a range": (lambda: quiet(maker(), judge(), POINTS, pixel_range=(0, 1)), "leave pixel_range= out"),
    "labels": (lambda: quiet(maker(), judge(), list(POINTS), labels=LABELS), "leave labels= out"),
    "no optimizer": (lambda: quiet(maker(), judge(), POINTS, optimizers=[0.1]), r"give \(optimizer_g, optimizer_d\)"),
    "an objective": (lambda: quiet(maker(), judge(), POINTS, objective="hinges"), "did you mean hinge"),
    "no draw": (lambda: quiet(maker(), judge(), POINTS, latent=lambda count: None), r"give latent=lambda n"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_has_its_cure(case: str) -> None:
    call, cure = WRONG[case]
    with pytest.raises(UserError, match=cure):
        call()


# Lightning. The real one is tried by `python -m benchmarks.lightning_watch`


@pytest.mark.parametrize(("first", "steps"), [(True, 1), (False, 0)])
def test_the_callback_steps_in_the_first_process(first: bool, steps: int) -> None:
    generator = maker()
    watch = quiet(generator, judge(), POINTS, every=1)

    class Trainer:
        is_global_zero = first
        optimizers = [torch.optim.SGD(generator.parameters(), 0.5)]

    callback = watching(object)(watch)
    callback.on_train_start(Trainer(), None)
    callback.on_train_batch_end(Trainer(), None, None, None, 0)
    assert len(watch._course.probes) == steps and watch._first_rate == 0.5
