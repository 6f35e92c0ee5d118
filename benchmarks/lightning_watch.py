"""The callback of `sp.Watch` under the real Lightning, which the tests do without.

    python -m benchmarks.lightning_watch

A game in which the discriminator is far too fast is trained with the callback and without. It has to be told that the
generator gets no gradient, with the rates that Lightning holds, and to end with the same bits. What it says names the
version that it ran under.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.utils.data import DataLoader, TensorDataset

import saddlepoint as sp
from saddlepoint.errors import UserError

EPOCHS, BATCH = 3, 16


def game(module: type) -> Any:
    """A minimax GAN of 8x8 digits as a module of Lightning's, which optimizes by hand."""

    class Game(module):
        def __init__(self) -> None:
            super().__init__()
            self.automatic_optimization = False
            last = nn.Tanh(), nn.Unflatten(1, (1, 8, 8))
            self.generator = nn.Sequential(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 64), *last)
            self.discriminator = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))

        def configure_optimizers(self) -> list[torch.optim.Optimizer]:
            networks = (self.generator, 2e-4), (self.discriminator, 2e-2)
            return [torch.optim.Adam(network.parameters(), rate) for network, rate in networks]

        def training_step(self, batch: list[Tensor], index: int) -> None:
            (real,), z = batch, torch.randn(len(batch[0]), 8)
            optimizer_g, optimizer_d = self.optimizers()
            fake = self.generator(z).detach()
            loss = softplus(-self.discriminator(real)).mean() + softplus(self.discriminator(fake)).mean()
            optimizer_d.zero_grad()
            self.manual_backward(loss)
            optimizer_d.step()
            loss = -softplus(self.discriminator(self.generator(z))).mean()
            optimizer_g.zero_grad()
            self.manual_backward(loss)
            optimizer_g.step()

    return Game()


def trained(lightning: Any, watched: bool) -> tuple[Any, sp.Watch | None]:
    """The game after its training, and what watched it."""
    lightning.seed_everything(0, verbose=False)
    module = game(lightning.LightningModule)
    data = sp.open_data("digits")
    images = data.batch(data.splits["train"])[0] / 127.5 - 1
    loader = DataLoader(TensorDataset(images), batch_size=BATCH, shuffle=True, drop_last=True)
    watch = sp.Watch(module.generator, module.discriminator, loader, objective="minimax") if watched else None
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    callbacks = [watch.lightning()] if watch is not None else []
    trainer = lightning.Trainer(
        max_epochs=EPOCHS, accelerator="cpu", callbacks=callbacks, enable_model_summary=False, **quiet
    )
    trainer.fit(module, loader)
    return module, watch


def main() -> None:
    try:
        import lightning.pytorch as lightning  # type: ignore[import-not-found]
    except ImportError as error:
        raise UserError("no Lightning", "its package", "install it: pip install lightning") from error
    (plain, _), (seen, watch) = (trained(lightning, watched) for watched in (False, True))
    assert watch is not None and "vanishing_generator_gradient" in [line["finding"] for line in watch.findings]
    assert sorted(each.param_groups[0]["lr"] for each in watch._optimizers.values() if each) == [2e-4, 2e-2]
    for one, two in zip(plain.state_dict().values(), seen.state_dict().values(), strict=True):
        assert torch.equal(one, two)
    print(f"lightning {lightning.__version__}: found {', '.join(watch.open)}; every bit as without the callback")


if __name__ == "__main__":
    main()
