"""R1 and R2 by the tangent pass and by double backward, side by side: `python -m benchmarks.tangent`.

D's scores on a real and a fake batch, both penalties, and the gradients of all of D's parameters; the two ways take
turns in one process. Processor time of one thread, because that of a clock depends on what else the machine does.
"""

import argparse
import statistics
import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from saddlepoint.game.fast.tangent import ByTangent
from saddlepoint.game.network import Network
from saddlepoint.game.penalties import zero_centred
from saddlepoint.networks import Dcgan, Mlp, R3gan
from saddlepoint.tasks.kit.adversary import Critic

# Name, pair, shape of a sample, batch.
CASES = (
    ("dcgan, width 32 (recipe mnist)", Dcgan(width=32, normalisation="none"), (1, 28, 28), 64),
    ("dcgan, width 64", Dcgan(width=64, normalisation="none"), (3, 64, 64), 16),
    ("r3gan, width 96", R3gan(width=96), (3, 32, 32), 16),
    ("mlp, width 128 (recipe toy)", Mlp(width=128), (2,), 256),
)


def step(network: Network, parameters: list[nn.Parameter], batches: tuple[Tensor, Tensor]) -> None:
    """Leaves the gradients of a discriminator's step in .grad."""
    for parameter in parameters:
        parameter.grad = None
    shown = [Critic(network=network).scores_and_gradient(images) for images in batches]
    (real, _), (fake, _) = shown
    penalties = [zero_centred(gradient, 1.0) for _, gradient in shown]
    (F.softplus(fake - real).mean() + penalties[0] + penalties[1]).backward()


def measured(discriminator: nn.Module, shape: tuple[int, ...], batch: int, rounds: int) -> tuple[float, float]:
    """Seconds of a step by double backward and by the tangent pass, medians."""
    batches = torch.randn(batch, *shape), torch.randn(batch, *shape)
    parameters = list(discriminator.parameters())
    seconds: tuple[list[float], list[float]] = [], []
    for _ in range(rounds + 1):
        for network, found in zip((discriminator, ByTangent(discriminator)), seconds, strict=True):
            began = time.process_time()
            step(network, parameters, batches)
            found.append(time.process_time() - began)
    # The first round fills caches.
    return statistics.median(seconds[0][1:]), statistics.median(seconds[1][1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    print("| discriminator | sample | batch | double backward | tangent pass | ratio |\n|---|---|---|---|---|---|")
    for name, pair, shape, batch in CASES:
        torch.manual_seed(0)
        _, discriminator = pair.build(shape)
        double, tangent = measured(discriminator, shape, batch, rounds)
        size = "x".join(str(side) for side in shape)
        times = f"{1e3 * double:.1f} ms | {1e3 * tangent:.1f} ms | {double / tangent:.2f}"
        print(f"| {name} | {size} | {batch} | {times} |", flush=True)


if __name__ == "__main__":
    main()
