"""What a person gives to `train`, `resume` and `load` from Python, checked and brought into the form of recipes."""

import json
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from saddlepoint.arguments import plain, shown
from saddlepoint.errors import UserError
from saddlepoint.objectives import Objective
from saddlepoint.recipes.kinds.kind import text_of
from saddlepoint.recipes.own_networks import OwnNetworks
from saddlepoint.training.observers import Observer


def check_torch() -> None:
    """Refuses to train where torch is set to what training cannot do with."""
    if not torch.is_grad_enabled():
        raise UserError("a call inside torch.no_grad() or inference_mode()", "gradients", "call it outside of that")
    if torch.get_default_dtype() != torch.float32:
        raise UserError(
            f"torch's default type {torch.get_default_dtype()}",
            "float32, in which weights are kept",
            "call torch.set_default_dtype(torch.float32) before networks are built",
        )


def check_observers(observers: Any) -> None:
    """Refuses what the loop could not call."""
    if isinstance(observers, list | tuple) and all(isinstance(each, Observer) for each in observers):
        return
    raise UserError(
        f"observers={shown(observers)}",
        "a list of objects of classes derived from saddlepoint.training.observers.Observer",
        "derive a class with a method step(state, record)",
    )


def changes_of(given: Any) -> list[str]:
    """What was given as `set`, as texts KEY=VALUE."""
    if isinstance(given, Mapping):
        return [assignment(key, value) for key, value in given.items()]
    if isinstance(given, list | tuple) and all(isinstance(each, str) for each in given):
        return [*given]
    raise UserError(
        f"set={shown(given)}",
        "a mapping of settings, or a list of texts KEY=VALUE",
        'give set={"training.batch": 32}',
    )


def assignment(key: Any, value: Any) -> str:
    """One setting as a text KEY=VALUE; an objective by its text."""
    if isinstance(value, Objective):
        value = text_of(value)
    return f"{key}={json.dumps(plain(str(key), value))}"


def own_networks(
    generator: nn.Module | None,
    discriminator: nn.Module | None,
    latent: int | None,
    pixel_range: tuple[float, float] | None,
    *,
    begins: bool = True,
) -> OwnNetworks | None:
    """A person's own networks, both or none; `begins` as in `OwnNetworks`."""
    if generator is None and discriminator is None:
        if latent is not None:
            raise UserError(
                f"latent={shown(latent)} without networks of your own",
                "the width of your own generator's z",
                'leave it out, or say set={"networks.latent": 64} for a recipe\'s',
            )
        return None
    if generator is None or discriminator is None:
        raise UserError(
            "only one network of your own", "a generator and a discriminator", "give generator= and discriminator="
        )
    width = latent if latent is not None else getattr(generator, "latent", None)
    if width is None:
        raise UserError("a generator without a latent width", "the width of its input z", "give latent=64")
    return OwnNetworks(
        generator=generator, discriminator=discriminator, latent=width, pixel_range=pixel_range, begins=begins
    )


def check_same(networks: OwnNetworks, recorded: Any) -> None:
    """Refuses to go on with another width of z, or other ends of the pixels, than the run began with."""
    for name in ("latent", "pixel_range"):
        now, before = getattr(networks, name), getattr(recorded, name, None)
        if before is not None and now != before:
            raise UserError(f"{name}={now}", f"{before}, as the run began", f"give {name}={before}")
