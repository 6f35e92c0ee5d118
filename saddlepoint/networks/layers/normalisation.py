"""Normalisation that pairs share: batch normalisation under a condition, its standing statistics, spectral norm.

    y = (1 + gain(c)) (x - E x) / sqrt(Var x + epsilon) + bias(c)      (Dumoulin et al. 2017; de Vries et al. 2017)
    W / sigma(W), sigma the largest singular value by power iteration  (Miyato et al. 2018)

Standing statistics are the plain means of the batch statistics over many draws of the finished generator; they take
the place of the running averages, which lag behind the weights (Brock, Donahue and Simonyan 2019).
"""

from collections.abc import Collection, Iterable

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize

from saddlepoint.errors import UserError
from saddlepoint.networks.layers.minibatch import MinibatchDeviation


class BatchNorm(nn.Module):
    """Batch normalisation of maps (n, channels, height, width), its gain and bias given by a condition.

    The condition is a label (n,) int64 where `classes` is set, with one gain and bias per class that start at 1 and 0;
    a code (n, code) where `code` is set, through linear maps without bias; and nothing where neither is, which is
    ordinary batch normalisation.
    """

    def __init__(self, channels: int, *, classes: int = 0, code: int = 0):
        super().__init__()
        assert not (classes and code), "a condition is a label or a code"
        self.conditional = bool(classes or code)
        self.normalise = nn.BatchNorm2d(channels, affine=not self.conditional)
        if classes:
            self.gain, self.bias = nn.Embedding(classes, channels), nn.Embedding(classes, channels)
            nn.init.zeros_(self.gain.weight)
            nn.init.zeros_(self.bias.weight)
        elif code:
            self.gain, self.bias = nn.Linear(code, channels, bias=False), nn.Linear(code, channels, bias=False)

    def forward(self, maps: Tensor, condition: Tensor | None = None) -> Tensor:
        normal = self.normalise(maps)
        if not self.conditional:
            return normal
        gain, bias = (part(condition)[:, :, None, None] for part in (self.gain, self.bias))
        # In the maps' own precision: under autocast an embedding's float32 would make the maps as wide as itself.
        return torch.addcmul(bias.to(normal.dtype), normal, (1.0 + gain).to(normal.dtype))


class _SpectralNorm(parametrizations._SpectralNorm):
    """torch's spectral norm, which spends no time on weights without numbers: on the meta device it took minutes."""

    def _power_method(self, weight_mat: Tensor, n_power_iterations: int) -> None:
        if not weight_mat.is_meta:
            super()._power_method(weight_mat, n_power_iterations)


def spectrally_normalise(
    network: nn.Module, *, epsilon: float = 1e-12, kinds: tuple[type[nn.Module], ...] = (nn.Linear, nn.Conv2d)
) -> None:
    """Divides the weights of all layers of the given kinds by their largest singular value, in place.

    The vectors of the power iteration are buffers: each forward pass in training mode moves them by one iteration.
    To be called when the weights have their first values, on which 15 iterations are spent.

    Args:
        network: its weights become `parametrizations.weight.original`.
        epsilon: least norm by which a vector of the power iteration is divided.
        kinds: of layers; embeddings are normalised where nn.Embedding is among them.
    """
    for layer in list(network.modules()):
        if isinstance(layer, kinds):
            weight = layer.weight
            assert isinstance(weight, Tensor)
            parametrize.register_parametrization(layer, "weight", _SpectralNorm(weight, eps=epsilon))


def couples_samples(network: nn.Module) -> bool:
    """Whether what the network makes of a sample depends on the batch that it is in."""
    return any(isinstance(module, nn.modules.batchnorm._BatchNorm | MinibatchDeviation) for module in network.modules())


@torch.no_grad()
def standing_statistics(generator: nn.Module, draws: Iterable[Collection[Tensor]]) -> None:
    """Replaces the running averages of every batch normalisation by plain means over the given draws, in place.

    Nothing else moves: dropout is off and the vectors of spectral norm stay, whichever mode the generator is in.

    Args:
        generator: contains batch normalisation.
        draws: the generator's inputs, (z,) or (z, labels), a batch each; all count alike. 16 or more are usual.

    Raises:
        UserError: no batch normalisation, or no draws.
    """
    norms = [module for module in generator.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    if not norms:
        raise UserError(
            "a generator without batch normalisation",
            "one whose statistics can be gathered",
            "leave the standing statistics out",
        )
    modes = [(module, module.training) for module in generator.modules()]
    momenta = [norm.momentum for norm in norms]
    count = 0
    try:
        generator.eval()
        for inputs in draws:
            if count == 0:
                for norm in norms:
                    norm.reset_running_stats()
                    # torch's way of saying: the plain mean of all batches so far.
                    norm.momentum = None
                    norm.train()
            generator(*inputs)
            count += 1
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        for module, training in modes:
            module.training = training
    if count == 0:
        raise UserError("no draws", "at least one batch of latents", "give 16 batches or more")
