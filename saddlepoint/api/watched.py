"""From the networks and the data of a person's own loop to what is probed of them.

The networks are called once, without a trace: whether they fit the items and the latents, and whether the
discriminator gives raw scores or probabilities.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from saddlepoint.api.shown_items import Items, undisturbed
from saddlepoint.arguments import shown, whole_number
from saddlepoint.diagnosis.probed import FEWEST, Probed, fixed_items, fixed_latents, looks_for
from saddlepoint.errors import UserError, reason_of
from saddlepoint.objectives import Objective
from saddlepoint.recipes.network_trial import leaving_no_trace
from saddlepoint.recipes.output_ranges import last_operation

# Where a step's batch is not known.
BATCH = 64
_SEED = 0
_TRIED = 2
# A probability of 0 or 1 is taken for one so near to it.
_NEAR = 1e-7


class RawScores(nn.Module):
    """A discriminator that ends in a sigmoid, as one that gives raw scores: log(p / (1 - p))."""

    def __init__(self, of: nn.Module):
        super().__init__()
        self.of = of
        self.training = of.training

    def forward(self, *inputs: Tensor) -> Tensor:
        return torch.logit(self.of(*inputs), _NEAR)


def unwrapped(name: str, network: Any) -> nn.Module:
    """The module itself, of one that is compiled or spread over devices.

    Raises:
        UserError: it is no module.
    """
    while True:
        inner = getattr(network, "_orig_mod", None)
        if inner is None and isinstance(network, nn.DataParallel | nn.parallel.DistributedDataParallel):
            inner = network.module
        if inner is None:
            break
        network = inner
    if not isinstance(network, nn.Module) or next(network.parameters(), None) is None:
        raise UserError(
            f"{name}={shown(network)}", "a torch.nn.Module with weights", f"give the {name} that your loop trains"
        )
    return network


def watched(
    generator: nn.Module,
    discriminator: nn.Module,
    data: Items,
    held_out: Items | None,
    *,
    objective: Objective | None,
    latent: Any,
    classes: int,
) -> Probed:
    """What is looked at, on the devices where the data lies and latents are drawn.

    Args:
        generator, discriminator: modules themselves.
        data, held_out: items that D is trained on, and others if there are any.
        objective: None where it is not known.
        latent: the width of z, a function of a count that draws such, or None to look for it.
        classes: of the labels that both networks are given; 0 where they are given none.

    Raises:
        UserError: too few items, no labels for a conditional pair, networks that do not fit, a latent not to be found.
    """
    splits = data.splits if held_out is None else {"train": data.splits["train"], "held_out": held_out.splits["train"]}
    numbers = data.at(data.splits["train"][:1])[0][0].numel()
    looks = looks_for(numbers, data.batch or BATCH)
    chosen = fixed_items(splits, _SEED, looks.items)
    if chosen is None:
        raise UserError(
            f"{len(splits['train'])} items as data",
            f"{2 * FEWEST} or more, or {FEWEST} beside held_out={FEWEST} or more",
            "give more of what the discriminator is trained on",
        )
    train, labels = data.at(chosen.train)
    others, other_labels = (held_out or data).at(chosen.others)
    if train.shape[1:] != others.shape[1:]:
        raise UserError(
            f"held_out of shape {tuple(others.shape)}",
            f"items like those of data, {tuple(train.shape[1:])}",
            "give both as the discriminator sees them",
        )
    beside = _labels(labels, other_labels, classes)
    tried = () if beside is None else (beside[0][:_TRIED],)
    latents = _latents(generator, latent, len(others), tried)
    raw = _trial(generator, discriminator, latents[:_TRIED], train[:_TRIED], tried)
    return Probed(
        generator=generator,
        discriminator=discriminator if raw else RawScores(discriminator),
        objective=objective,
        train=train,
        others=others,
        held_out=chosen.held_out,
        train_count=chosen.train_count,
        latents=latents,
        labels=beside,
        classes=classes,
        followed=looks.followed,
        batch=data.batch or 0,
        apart=looks.apart,
    )


def _labels(train: Tensor | None, others: Tensor | None, classes: int) -> tuple[Tensor, Tensor] | None:
    if classes == 0:
        return None
    if train is None or others is None:
        raise UserError(
            f"classes={classes} with items that have no labels",
            "a label for each, whole numbers, which both networks are given",
            "give a Dataset of (item, label), or labels= beside a tensor of items",
        )
    least, most = (int(each) for each in torch.cat([train, others.to(train.device)]).aminmax())
    if least < 0 or most >= classes:
        raise UserError(f"labels {least}..{most}", f"0..{classes - 1}, because classes={classes}", "give more classes=")
    return train.long(), others.long()


def _latents(generator: nn.Module, given: Any, count: int, labels: tuple[Tensor, ...]) -> Tensor:
    """Fixed latents, (count, ...)."""
    if callable(given):
        return _drawn(given, count)
    width, as_maps = (whole_number("latent", given, least=1), None) if given is not None else _found(generator)
    flat = fixed_latents(count, _SEED, width=width, prior_name="normal")
    maps = flat[:, :, None, None]
    if as_maps is None:
        # A published DCGAN's latents are maps of one pixel.
        as_maps = not _takes(generator, flat[:_TRIED], *labels) and _takes(generator, maps[:_TRIED], *labels)
    return maps if as_maps else flat


def _drawn(draw: Callable[[int], Any], count: int) -> Tensor:
    with undisturbed():
        try:
            latents = draw(count)
        except Exception as error:  # whatever a person's own function raises
            raise UserError(
                f"latent=, a function that raises {reason_of(error)}",
                "one of a count that draws so many latents",
                "give latent=lambda n: torch.randn(n, 64)",
            ) from error
    if not isinstance(latents, Tensor) or len(latents) != count:
        raise UserError(
            f"latent=, a function that gives {shown(latents)} for {count}",
            f"a tensor of {count} latents",
            "give latent=lambda n: torch.randn(n, 64)",
        )
    return latents.detach()


def _found(generator: nn.Module) -> tuple[int, bool]:
    """The width of z by the generator's first layer with weights, and whether z is maps of one pixel."""
    first = next(module for module in generator.modules() if next(module.parameters(recurse=False), None) is not None)
    if isinstance(first, nn.Linear):
        return first.in_features, False
    if isinstance(first, nn.ConvTranspose2d):
        return first.in_channels, True
    raise UserError(
        f"a generator whose first layer is {type(first).__name__}, from which the width of its latents cannot be told",
        "that width, or a function that draws latents",
        "give latent=64, or latent=lambda n: torch.randn(n, 64)",
    )


def _takes(generator: nn.Module, latents: Tensor, *labels: Tensor) -> bool:
    try:
        _called("generator", generator, latents, *labels)
    except UserError:
        return False
    return True


def _trial(
    generator: nn.Module, discriminator: nn.Module, latents: Tensor, items: Tensor, labels: tuple[Tensor, ...]
) -> bool:
    """Calls both once; whether the scores are raw."""
    made = _called("generator", generator, latents, *labels)
    if made.shape != items.shape:
        raise UserError(
            f"a generator that makes {tuple(made.shape)} of latents {tuple(latents.shape)}",
            f"items of the data's shape, {tuple(items.shape)}",
            "give data= as the discriminator sees it, and the latent= that the generator was built for",
        )
    scores = _called("discriminator", discriminator, items, *labels)
    if scores.dim() == 0 or len(scores) != _TRIED or (scores.dim() == 2 and scores.shape[1] != 1):
        raise UserError(
            f"a discriminator that gives scores of shape {tuple(scores.shape)} for {_TRIED} items",
            f"one for each, ({_TRIED},) or ({_TRIED}, 1), or a map for each",
            "wrap it in a Module that returns that score alone",
        )
    return last_operation(scores) not in ("Sigmoid", "Hardsigmoid")


def _called(name: str, network: nn.Module, first: Tensor, *labels: Tensor) -> Tensor:
    """What a network makes of a few samples, with its graph."""
    placed = tuple(each.to(device_of(network)) for each in (first, *labels))
    with leaving_no_trace([network], device_of(network)), torch.enable_grad():
        try:
            made = network(*placed)
        except Exception as error:
            beside = " and labels" if labels else ""
            cures = {
                "generator": "give the latent= that it was built for, or a function that draws latents",
                "discriminator": "give data= as the discriminator sees it",
            }
            raise UserError(
                f"a {name} that is called with {tuple(first.shape)}{beside}, and raises {reason_of(error)}",
                "one that takes that",
                f"{cures[name]}; classes=N where both networks are given labels, else without classes=",
            ) from error
    if not isinstance(made, Tensor) or not made.is_floating_point():
        raise UserError(
            f"a {name} that gives {shown(made)}", "one floating-point tensor", "wrap it in a Module that returns that"
        )
    return made


def device_of(network: nn.Module) -> torch.device:
    """Where its weights are."""
    return next(network.parameters()).device
