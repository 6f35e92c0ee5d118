"""The one trial of a person's own networks, before anything of a run is written.

    z (2, latent) -> G -> fakes (2, *shape of the data);    D on 2 real items and on the fakes -> raw scores

It leaves no trace: the networks are in evaluation mode meanwhile, and modes, buffers, whatever their modules keep as
attributes, gradients and torch's random state are as before. So the bits of a run do not depend on it.

What a network makes counts only where a run begins with its weights (`OwnNetworks.begins`): when a run is resumed or
loaded, a checkpoint's take their place.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from saddlepoint.errors import RunStopped, UserError, reason_of
from saddlepoint.recipes.output_ranges import check_raw, check_within
from saddlepoint.recipes.own_networks import OwnNetworks, check_copies, check_range, check_weights
from saddlepoint.tasks.kit.pixels import to_range
from saddlepoint.training.machine.memory import is_out_of_memory

# Items of each side: the fewest that show whether a network keeps them apart.
ITEMS = 2


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What the networks are to play.

    Attributes:
        shape: of an item of the data.
        points: the data are points, no images.
        real: stored items (2, *shape) to be shown to D; None where nothing is learnt, and only G is asked.
        labels: (2,) int64 that both networks are given beside; None for an unconditional game.
        single_scores: the game wants one score for each item, (n,), because it compares them (task.top_k).
        averaged: an average of G's weights is kept.
        device: where they play.
    """

    shape: tuple[int, ...]
    points: bool
    real: Tensor | None
    labels: Tensor | None
    single_scores: bool
    averaged: bool
    device: torch.device


def try_networks(own: OwnNetworks, setting: Setting) -> None:
    """Puts the networks onto their device and calls them once.

    Raises:
        UserError: they are not what the game needs; it names what was given, what is expected, and the cure.
    """
    learns = setting.real is not None
    check_range(own.pixel_range, points=setting.points)
    tried = own.pair if learns else {"generator": own.generator}
    check_weights(tried)
    if learns and setting.averaged:
        check_copies("generator", own.generator)
    for network in tried.values():
        network.to(setting.device)
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(ITEMS, own.latent, generator=generator, dtype=torch.float32).to(setting.device)
    labels = () if setting.labels is None else (setting.labels.to(setting.device),)
    with leaving_no_trace(tried.values(), setting.device):
        fake = _try_generator(own, setting, z, labels)
        if setting.real is not None:
            stored = setting.real.to(setting.device)
            real = stored.float() if own.pixel_range is None else to_range(stored, own.pixel_range)
            _try_discriminator(own, setting, {"real items": real, "fakes": fake.detach()}, labels)


def _try_generator(own: OwnNetworks, setting: Setting, z: Tensor, labels: tuple[Tensor, ...]) -> Tensor:
    network, shape = own.generator, setting.shape
    with _called("generator", z, labels, expected=f"{_items(shape)} for z of shape (n, {own.latent})"):
        try:
            made = network(z, *labels)
        except Exception as error:
            if cure := _cure_of_latent_maps(own, z, labels):
                raise _failing(
                    "generator", z, labels, error, f"{_items(shape)} for z of shape (n, latent)", cure
                ) from error
            raise
    _check_tensor("generator", made, "z", z, expected=f"one float32 tensor, {_items(shape)}")
    if tuple(made.shape) != (ITEMS, *shape):
        raise _misshapen(tuple(made.shape), own, setting)
    if made.dtype != torch.float32:
        raise UserError(
            f"a generator that gives {_dtype(made)}",
            "float32, as it is given",
            "leave the conversion out, or end in .float()",
        )
    if setting.real is not None:
        _check_gradient("generator", network, made, {})
    if own.begins:
        _check_finite("generator", made)
        if own.pixel_range is not None:
            check_within(made, own.pixel_range)
    return made


def _try_discriminator(
    own: OwnNetworks, setting: Setting, shown: Mapping[str, Tensor], labels: tuple[Tensor, ...]
) -> None:
    network, scores = own.discriminator, []
    for side, items in shown.items():
        shown_items = items.detach().clone().requires_grad_()
        with _called("discriminator", items, labels, expected=f"raw scores (n,) of {_items(setting.shape)}"):
            # No leaf: a rectifier that works in place may come first.
            found = network(shown_items.clone(), *labels)
        _check_tensor("discriminator", found, side, items, expected="one float tensor of raw scores, (n,)")
        _check_scores(found, setting)
        _check_gradient("discriminator", network, found, {f"the {side} that it is shown": shown_items})
        if own.begins:
            _check_finite("discriminator", found)
        scores.append(found)
    if own.begins:
        check_raw(network, [(items, *labels) for items in shown.values()], scores)


def _check_scores(scores: Tensor, setting: Setting) -> None:
    """Refuses what is no score, or no map of scores, for each item."""
    given, sides = tuple(scores.shape), "x".join(map(str, setting.shape))
    if scores.dim() == 0 or len(scores) != ITEMS:
        what = "one score" if scores.dim() == 0 else f"scores of shape {given}"
        raise UserError(
            f"a discriminator that gives {what} for {ITEMS} items of {sides}",
            f"a score for each item, ({ITEMS},), or a map for each, ({ITEMS}, height, width)",
            "keep the first axis: no mean over it, and nn.Flatten(0) only behind a map of 1x1",
        )
    if given[1:] == () or (given[1:] == (1,) and not setting.single_scores):
        return
    if setting.single_scores:
        raise UserError(
            f"a discriminator that gives scores of shape {given} for {ITEMS} items with task.top_k",
            f"one score for each item, ({ITEMS},), by which the fakes are compared",
            "end it in .flatten(1).mean(1), or set task.top_k=null",
        )
    if scores.dim() == 2 or (scores.dim() == 4 and given[1] != 1) or scores.dim() > 4:
        raise UserError(
            f"a discriminator that gives scores of shape {given} for {ITEMS} items of {sides}",
            f"one score for each item, ({ITEMS},) or ({ITEMS}, 1), or a map for each, ({ITEMS}, height, width)",
            "end it in one output; or make a map of what are scores of places: scores[:, None]",
        )


def _check_tensor(name: str, made: object, given_name: str, given: Tensor, *, expected: str) -> None:
    if not isinstance(made, Tensor):
        what = f"a {type(made).__name__}" if made is not None else "None"
        raise UserError(
            f"a {name} that gives {what} for {given_name} of shape {tuple(given.shape)}",
            expected,
            "return the tensor alone" if made is not None else "end its forward in a return",
        )
    if not made.is_floating_point():
        raise UserError(f"a {name} that gives {_dtype(made)}", expected, "leave rounding and comparing out")


def _check_gradient(name: str, network: nn.Module, made: Tensor, also: Mapping[str, Tensor]) -> None:
    """Refuses a network that cannot learn from what it made, or through which nobody before it can."""
    learned = [parameter for parameter in network.parameters() if parameter.requires_grad]
    if not learned:
        raise UserError(
            f"a frozen {name}: none of its weights asks for a gradient",
            "at least one that is to be trained",
            f"thaw it: {name}.requires_grad_(True)",
        )
    cause = "a detach(), .data, torch.no_grad(), or a way through numpy inside"
    if not made.requires_grad:
        raise UserError(
            f"a {name} whose output has no gradient",
            f"one that follows its weights: {cause} cuts it off",
            "take that out",
        )
    wanted = [*learned, *also.values()]
    found = torch.autograd.grad(made.sum(), wanted, allow_unused=True)
    if all(gradient is None for gradient in found[: len(learned)]):
        raise UserError(
            f"a {name} whose output depends on none of its weights",
            f"one that follows them: {cause} cuts them off",
            "take that out",
        )
    for (what, _), gradient in zip(also.items(), found[len(learned) :], strict=True):
        if gradient is None:
            raise UserError(
                f"a {name} whose output has no gradient by {what}",
                f"one by which the generator learns: {cause} cuts it off",
                "take that out",
            )


def _check_finite(name: str, made: Tensor) -> None:
    if not bool(torch.isfinite(made).all()):
        wrong = int((~torch.isfinite(made)).sum())
        raise UserError(
            f"a {name} that gives {wrong} of {made.numel()} numbers that are not finite",
            "finite numbers from its first weights on",
            "look for a division by zero, a logarithm of it, or weights that are not finite",
        )


def _misshapen(given: tuple[int, ...], own: OwnNetworks, setting: Setting) -> UserError:
    shape, called = setting.shape, f"z of shape ({ITEMS}, {own.latent})"
    if given[:1] == (ITEMS,) and len(given) == 1 + len(shape):
        made, wanted = ("x".join(map(str, sides)) for sides in (given[1:], shape))
        return UserError(
            f"networks of another size than the data: the generator gives {made}, the data is {wanted}",
            f"a generator of the data's shape, {wanted}",
            _cure_of_size(given[1:], shape),
        )
    if given[1:] == shape:
        return UserError(
            f"a generator that gives {given[0]} items for {ITEMS} latents",
            f"one item for each, {(ITEMS, *shape)} for {called}",
            "keep the first axis as it is: reshape by z.shape[0], or by nn.Unflatten(1, ...)",
        )
    return UserError(
        f"a generator that gives a tensor of shape {given}",
        f"{(ITEMS, *shape)} for {called}",
        f"reshape what it gives, as nn.Unflatten(1, {shape}) does",
    )


def _cure_of_size(made: tuple[int, ...], shape: tuple[int, ...]) -> str:
    built = f"build both networks for {'x'.join(map(str, shape))}"
    if len(shape) != 3:
        return built
    bring = []
    if made[1:] != shape[1:]:
        bring.append(f"data.size={made[1]}x{made[2]}")
    if made[0] != shape[0] and made[0] in (1, 3, 4):
        bring.append(f"data.channels={made[0]}")
    return f"{built}, or bring the data to theirs with {' and '.join(bring)}" if bring else built


def _cure_of_latent_maps(own: OwnNetworks, z: Tensor, labels: tuple[Tensor, ...]) -> str | None:
    """What helps a generator that wants z as maps of one pixel, as published DCGANs do; None for any other."""
    try:
        own.generator(z[:, :, None, None], *labels)
    except Exception:  # it is not that, then
        return None
    return (
        f"it wants z as maps of 1x1, (n, {own.latent}, 1, 1): give "
        f"generator=nn.Sequential(nn.Unflatten(1, ({own.latent}, 1, 1)), ...)"
    )


@contextmanager
def _called(name: str, first: Tensor, labels: tuple[Tensor, ...], *, expected: str) -> Iterator[None]:
    """Inside stands the call of a person's own network alone; what it raises is said to be its own."""
    try:
        with torch.enable_grad():
            yield
    except (UserError, RunStopped):
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        sizes = "give the latent= that it was built for" if name == "generator" else "build it for the data's shape"
        cure = f"{sizes}, or mend its forward"
        if isinstance(error, TypeError) and labels:
            cure = "take the labels as its second argument, or leave them out with task.conditional=false"
        elif isinstance(error, TypeError):
            cure = "let it work with one argument; labels are given to both networks with task.conditional=true"
        raise _failing(name, first, labels, error, expected, cure) from error


def _failing(
    name: str, first: Tensor, labels: tuple[Tensor, ...], error: Exception, expected: str, cure: str
) -> UserError:
    what = "z" if name == "generator" else "items"
    beside = f" and labels of shape {tuple(labels[0].shape)}" if labels else ""
    return UserError(
        f"a {name} that fails: the {name} is called with {what} of shape {tuple(first.shape)}{beside}, and raises "
        f"{reason_of(error)}",
        expected,
        cure,
    )


@contextmanager
def leaving_no_trace(networks: Collection[nn.Module], device: torch.device) -> Iterator[None]:
    """Inside, the networks are in evaluation mode; afterwards they, and torch's random state, are as before."""
    modules = [module for network in networks for module in network.modules()]
    # A forward pass may keep things: running averages, and in the old spectral norm the weight that it has made.
    attributes = [(module, dict(vars(module)), dict(module._buffers)) for module in modules]
    buffers = [(buffer, buffer.detach().clone()) for network in networks for buffer in network.buffers()]
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(0)
        try:
            for network in networks:
                network.eval()
            yield
        finally:
            for module, kept, own in attributes:
                vars(module).clear()
                vars(module).update(kept)
                module._buffers.clear()
                module._buffers.update(own)
            with torch.no_grad():
                for buffer, before in buffers:
                    buffer.copy_(before)


def _items(shape: tuple[int, ...]) -> str:
    return f"(n, {', '.join(map(str, shape))})"


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
