"""First remedies for a loop of a person's own: in words, and as lines of plain PyTorch.

In the lines, `generator` and `discriminator` are the networks, `optimizer_g` and `optimizer_d` their optimizers, `real`
and `fake` the batches of a step, `labels` what they are called with beside, `loss_d` and `loss_g` what is minimised.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from saddlepoint.diagnosis.remedies import Remedy


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What to do first.

    Attributes:
        words: one sentence or more.
        lines: of Python; empty where there is nothing to paste.
    """

    words: str
    lines: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join([self.words, *self.lines])


# Stands for the function of a batch that gives its raw scores.
_SCORE = "raw_score"
# What to do where a remedy changes no number that is known.
_OTHERWISE: Mapping[str, str] = {
    "nan_ahead": "Take a tenth of both learning rates.",
    "rate_too_large": "Take a tenth of both learning rates.",
    "vanishing_generator_gradient": "Take the non-saturating loss, and R1 and R2 penalties on the discriminator.",
    "generator_frozen": "Look at both learning rates: the generator's should not be far below the discriminator's.",
    "batch_norm_leak": "Leave batch normalisation out of the discriminator, or take batches of 64 or more.",
    "labels_ignored": "Compare some items with their labels, and look whether both networks use them.",
}
_LOOK = "Look at the samples, and at the curves of both losses, before anything is changed."


def advice_for(
    finding: str, remedy: Remedy, since: int, *, conditional: bool = False, probabilities: bool = False
) -> Advice:
    """A remedy for a person's own loop.

    Args:
        finding: its name.
        remedy: as it would be asked of a run.
        since: the step from which the finding has been seen.
        conditional: the networks are given labels.
        probabilities: the discriminator ends in a sigmoid.
    """
    before = {
        "rollback": f"Go back to weights that were saved before step {since}.",
        "resume": f"Go back to weights that were saved before step {since}.",
        "anew": "Begin again with fresh weights: nothing is known to cure these in place.",
    }.get(remedy.ask)
    changes = dict(change.split("=", 1) for change in remedy.changes)
    found = [said for says in _SAYS if (said := says(changes)) is not None]
    # What is not said above is said as it stands; each of these has taken its own away.
    found += [
        Advice(words=f"Set {key.replace('.', ' ').replace('_', ' ')} to {value}.") for key, value in changes.items()
    ]
    words = [each.words for each in found] or [_OTHERWISE.get(finding, _LOOK if before is None else "")]
    return Advice(
        words=" ".join(each for each in [before, *words] if each),
        lines=_scored([line for each in found for line in each.lines], conditional, probabilities),
    )


def _scored(lines: list[str], conditional: bool, probabilities: bool) -> tuple[str, ...]:
    """The lines with what stands for a raw score in them said for this discriminator."""
    called = "discriminator(items, labels)" if conditional else "discriminator(items)"
    name = _SCORE
    if not conditional and not probabilities:
        name = "discriminator"
    elif any(_SCORE in line for line in lines):
        score = f"torch.logit({called}, 1e-7)" if probabilities else called
        lines = [f"def {_SCORE}(items):", f"    return {score}", *lines]
    return tuple(line.replace(_SCORE, name) for line in lines)


# Each takes the changes that it says.


def _gradients(changes: dict[str, str]) -> Advice | None:
    """R1 and R2: (gamma/2) E |grad D|^2 on real and on generated items."""
    sides = {name: changes.pop(key) for name in ("r1", "r2") if (key := f"penalties.{name}") in changes}
    if not sides:
        return None
    shown = {"r1": "real", "r2": "fake"}
    pairs = ", ".join(f"({shown[name]}, {weight})" for name, weight in sides.items())
    named = " and ".join(f"{name.upper()} with weight {weight}" for name, weight in sides.items())
    return Advice(
        words=f"Penalise the squared input gradient of the discriminator's raw score: {named}.",
        lines=(
            f"for items, weight in [{pairs}]:",
            "    items = items.detach().requires_grad_()",
            f"    (slope,) = torch.autograd.grad({_SCORE}(items).sum(), items, create_graph=True)",
            "    loss_d = loss_d + weight / 2 * slope.square().flatten(1).sum(1).mean()",
        ),
    )


def _gradient_penalty(changes: dict[str, str]) -> Advice | None:
    weight = changes.pop("penalties.gradient_penalty", None)
    if weight is None:
        return None
    return Advice(
        words=f"Take the gradient penalty of WGAN-GP, weight {weight}.",
        lines=(
            "share = torch.rand(len(real), *[1] * (real.dim() - 1), device=real.device)",
            "between = (share * real + (1 - share) * fake.detach()).requires_grad_()",
            f"(slope,) = torch.autograd.grad({_SCORE}(between).sum(), between, create_graph=True)",
            f"loss_d = loss_d + {weight} * (slope.flatten(1).norm(dim=1) - 1).square().mean()",
        ),
    )


def _clip(changes: dict[str, str]) -> Advice | None:
    bound = changes.pop("clip", None)
    if bound is None:
        return None
    if bound == "null":
        return Advice(words="Leave out the clipping of the discriminator's weights.")
    return Advice(
        words=f"Clip the discriminator's weights at {bound} after each of its steps.",
        lines=(
            "with torch.no_grad():",
            "    for weight in discriminator.parameters():",
            f"        weight.clamp_(-{bound}, {bound})",
        ),
    )


def _loss(changes: dict[str, str]) -> Advice | None:
    if changes.get("objective") != "non_saturating":
        return None
    del changes["objective"]
    return Advice(
        words="Give the generator the non-saturating loss.",
        lines=(f"loss_g = torch.nn.functional.softplus(-{_SCORE}(fake)).mean()",),
    )


_OPTIMIZERS = {"discriminator": "optimizer_d", "generator": "optimizer_g"}
# What is set of an optimizer: in words, and of one of its groups of weights.
_GROUP = {
    "rate": ("learning rate", 'group["lr"] = {value}'),
    "beta1": ("Adam's beta1", 'group["betas"] = ({value}, group["betas"][1])'),
    "momentum": ("momentum", 'group["momentum"] = {value}'),
}


def _optimizers(changes: dict[str, str]) -> Advice | None:
    words, lines = [], []
    for key in [*changes]:
        player, _, number = key.partition(".")
        if player not in _OPTIMIZERS or number not in _GROUP:
            continue
        value = changes.pop(key)
        name, line = _GROUP[number]
        words.append(f"Set the {player}'s {name} to {value}.")
        lines += [f"for group in {_OPTIMIZERS[player]}.param_groups:", f"    {line.format(value=value)}"]
    return Advice(words=" ".join(words), lines=tuple(lines)) if words else None


def _the_rest(changes: dict[str, str]) -> Advice | None:
    """What is said in words alone."""
    words = []
    if (batch := changes.pop("training.batch", None)) is not None:
        words.append(f"Take batches of {batch}.")
    if (latent := changes.pop("networks.latent", None)) is not None:
        words.append(f"Build the generator with latents of {latent} numbers.")
    augmented = [key for key in [*changes] if key.startswith("augment.")]
    if augmented:
        names = " and ".join(key.removeprefix("augment.") for key in augmented)
        words.append(
            f"Show the discriminator augmented items, real and generated ones alike ({names}), by operations through"
            " which gradients reach the generator."
        )
        for key in augmented:
            del changes[key]
    for key in [key for key, value in changes.items() if key.endswith("normalisation") and value == "none"]:
        player = "generator" if "generator" in key else "discriminator"
        words.append(f"Leave batch normalisation out of the {player}.")
        del changes[key]
    return Advice(words=" ".join(words)) if words else None


_SAYS: tuple[Callable[[dict[str, str]], Advice | None], ...] = (
    _loss,
    _gradients,
    _gradient_penalty,
    _clip,
    _optimizers,
    _the_rest,
)
