"""A person's own pair of networks, and what can be told of it without calling it: types, weights, who owns them.

    generator: (z (n, latent)[, labels (n,)]) -> (n, *shape of the data)
    discriminator: ((n, *shape)[, labels (n,)]) -> raw scores

`network_trial.py` calls them once.
"""

import copy
import inspect
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from saddlepoint.arguments import shown, whole_number
from saddlepoint.errors import UserError, reason_of


@dataclass(frozen=True, kw_only=True)
class OwnNetworks:
    """A pair of networks that did not come from a recipe.

    Attributes:
        generator: (z (n, latent)[, labels (n,)]) -> (n, *shape of the data).
        discriminator: ((n, *shape)[, labels]) -> raw scores: (n,), (n, 1), or a map (n, height, width) that may have a
            channel axis of 1.
        latent: width of z.
        pixel_range: (low, high) of the pixels that the networks make and see; None for points.
        begins: the run begins with these weights; else they will be a checkpoint's, and what the networks make now
            says nothing.

    Raises:
        UserError: no such modules, width or range.
    """

    generator: nn.Module
    discriminator: nn.Module
    latent: int
    pixel_range: tuple[float, float] | None = (-1.0, 1.0)
    begins: bool = True

    def __post_init__(self) -> None:
        for name, network in self.pair.items():
            _check_module(name, network)
        object.__setattr__(self, "latent", whole_number("latent", self.latent, least=1))
        object.__setattr__(self, "pixel_range", _range(self.pixel_range))

    @property
    def pair(self) -> Mapping[str, nn.Module]:
        """Both by name."""
        return {"generator": self.generator, "discriminator": self.discriminator}


def _check_module(name: str, network: Any) -> None:
    expected = "a torch.nn.Module that has been built"
    if isinstance(network, nn.Module):
        if any(isinstance(module, torch.jit.ScriptModule) for module in network.modules()):
            cure = "give the module that it was made from"
            raise UserError(f"a {name} of TorchScript, which cannot be differentiated twice", expected, cure)
        return
    if inspect.isclass(network):
        raise UserError(f"{name}={network.__name__}, a class", expected, f"call it: {name}={network.__name__}(...)")
    if callable(network):
        cure = "put what it does into the forward of a Module, with its weights as parameters"
        raise UserError(f"{name}={shown(network)}, which has no weights to be trained", expected, cure)
    raise UserError(f"{name}={shown(network)}", expected, f"give {name}=nn.Sequential(...), for example")


def _range(given: Any) -> tuple[float, float] | None:
    if given is None:
        return None
    try:
        low, high = (float(end) for end in given) if not isinstance(given, str | bytes) else (math.nan, math.nan)
    except (TypeError, ValueError, RuntimeError):
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise UserError(
            f"pixel_range={shown(given)}",
            "what black and white are to the networks: two finite numbers, the lower one first; None for points",
            "give pixel_range=(-1.0, 1.0) for a generator that ends in tanh, (0.0, 1.0) for a sigmoid",
        )
    return low, high


def check_range(pixel_range: tuple[float, float] | None, *, points: bool) -> None:
    """Whether there is a range of pixels where there are pixels, and none for points.

    Raises:
        UserError: there is not.
    """
    if points and pixel_range is not None:
        raise UserError(f"pixel_range={pixel_range} for points", "None: points are seen as they are", "give None")
    if not points and pixel_range is None:
        raise UserError(
            "pixel_range=None for images",
            "what black and white are to the networks",
            "give pixel_range=(-1.0, 1.0) for a generator that ends in tanh",
        )


def check_weights(networks: Mapping[str, nn.Module]) -> None:
    """Whether each network has weights that can be trained in float32, and no weight has two players.

    Raises:
        UserError: the first thing that is not so.
    """
    for name, network in networks.items():
        parameters = dict(network.named_parameters())
        if not parameters:
            raise UserError(
                f"a {name} without parameters ({type(network).__name__})",
                "weights to be trained",
                "keep its layers as attributes, or in an nn.ModuleList, so that torch knows of them",
            )
        for key, parameter in [*parameters.items(), *network.named_buffers()]:
            if is_lazy(parameter):
                raise UserError(
                    f"a {name} whose {key} has no shape yet (a lazy layer)",
                    "weights that exist",
                    f"call it on two items before it is given, or name its sizes: {_eager(network, key)}",
                )
            if parameter.is_meta:
                raise UserError(
                    f"a {name} whose {key} is on the meta device, which holds no numbers",
                    "weights that exist",
                    'build it on another device, or give it weights: .to_empty(device="cpu"), then initialise it',
                )
        for key, parameter in parameters.items():
            if parameter.dtype != torch.float32:
                raise UserError(
                    f"a {name} whose {key} is {_dtype(parameter.dtype)}",
                    "float32 weights; training.precision chooses what losses are computed in",
                    f"convert it: {name}.float()" + _default(parameter.dtype),
                )
    _check_owners(networks)


def check_copies(name: str, network: nn.Module) -> None:
    """Whether a network can be copied, as the average of its weights is.

    Raises:
        UserError: it cannot.
    """
    try:
        copy.deepcopy(network)
    except Exception as error:  # whatever the person's own attributes raise
        raise UserError(
            f"a {name} that cannot be copied ({reason_of(error)})",
            "a network that copy.deepcopy copies, because an average of its weights is kept",
            "build it anew if it was called before (torch.nn.utils.spectral_norm and weight_norm keep what they made; "
            "those in torch.nn.utils.parametrizations do not), or keep no average: average=null",
        ) from error


def _eager(network: nn.Module, key: str) -> str:
    """The ordinary layer in place of a lazy one."""
    kind = type(network.get_submodule(key.rpartition(".")[0])).__name__
    return f"{kind.removeprefix('Lazy')}(...) in place of {kind}(...)"


def _dtype(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _default(dtype: torch.dtype) -> str:
    if torch.get_default_dtype() != dtype:
        return ""
    return f"; torch.set_default_dtype has made {_dtype(dtype)} the default"


def _check_owners(networks: Mapping[str, nn.Module]) -> None:
    """Refuses a weight that both players would move: the same parameter, or two on the same memory."""
    owners: dict[int, tuple[str, str]] = {}
    for name, network in networks.items():
        for key, parameter in network.named_parameters():
            if parameter.numel() == 0:
                continue
            owner, owned = owners.setdefault(parameter.data_ptr(), (name, key))
            if owner != name:
                raise UserError(
                    f"a {owner} and a {name} that share a weight ({owned} and {key})",
                    "weights of one player each, because they learn against one another",
                    "build each from layers of its own; copy.deepcopy makes a second layer of the same values",
                )
