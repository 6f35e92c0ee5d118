"""A layer's weights as the leading block of a wider one's, so that it goes on computing what it did.

    W = [ S  0 ]    S  the smaller layer's                  0  what its outputs hear of new inputs
        [ F  F ]    F  fresh: new outputs, of every input

New channels compute something of their own from the start, and nobody old hears it yet; the zeros have a gradient, the
channels that they weigh do not vanish, so that they are learnt from the first step on. Biases, gains and statistics are
taken as leading blocks too. (Chen, Goodfellow and Shlens 2016 copy channels instead, whose twins then get equal
gradients until noise parts them.)
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

# The dimension of a weight that counts a layer's inputs.
INPUTS: Mapping[type[nn.Module], int] = {nn.Linear: 1, nn.Conv2d: 1, nn.ConvTranspose2d: 0}


def matched(
    network: nn.Module, smaller: nn.Module, *, from_end: bool, prefix: str = ""
) -> Iterator[tuple[str, nn.Module, nn.Module]]:
    """The modules of a network, each with the one of a smaller network that stands in the same place.

    Chains of modules are counted from their beginning, or from their end; where one module is of another kind than its
    counterpart, the rest of that chain is left out.

    Args:
        network: the larger one.
        smaller: of the same class.
        from_end: chains are counted from the end.
        prefix: of names in the larger one's state.

    Yields:
        The prefix of the larger one's names, its module, the smaller one's.
    """
    yield prefix, network, smaller
    if isinstance(network, nn.Sequential | nn.ModuleList):
        assert isinstance(smaller, nn.Sequential | nn.ModuleList)
        ours, theirs = list(enumerate(network)), list(smaller)
        for (index, one), other in zip(
            reversed(ours) if from_end else ours, reversed(theirs) if from_end else theirs, strict=False
        ):
            if _kind(one) is not _kind(other):
                return
            yield from matched(one, other, from_end=from_end, prefix=f"{prefix}{index}.")
        return
    others = dict(smaller.named_children())
    for name, one in network.named_children():
        if name in others and _kind(one) is _kind(others[name]):
            yield from matched(one, others[name], from_end=from_end, prefix=f"{prefix}{name}.")


@torch.no_grad()
def widen(module: nn.Module, smaller: nn.Module, *, parts: bool = True) -> dict[str, bool]:
    """Puts a module's own tensors into those of a wider one, in place, children left alone.

    Args:
        module: as it was initialised.
        smaller: of the same kind.
        parts: also what is only a part of the wider one's.

    Returns:
        The names of tensors that were taken, and whether as the whole of the wider one's.
    """
    taken, own, saved = {}, _own_tensors(module), _own_tensors(smaller)
    for name, tensor in own.items():
        if name not in saved or not _fits(module, tensor, saved[name]):
            continue
        whole = tensor.shape == saved[name].shape
        if not whole and not parts:
            continue
        block = tuple(slice(size) for size in saved[name].shape)
        tensor[block] = saved[name].to(tensor)
        if (dimension := INPUTS.get(_kind(module))) is not None and name == "weight":
            # What old outputs hear of new inputs.
            deaf = list(block)
            deaf[dimension] = slice(saved[name].shape[dimension], None)
            tensor[tuple(deaf)] = 0.0
        elif isinstance(module, nn.Embedding):
            # What a label says to new channels.
            tensor[:, saved[name].shape[1] :] = 0.0
        taken[name] = whole
    return taken


def _fits(module: nn.Module, tensor: Tensor, saved: Tensor) -> bool:
    if tensor.shape == saved.shape:
        return True
    if tensor.dim() != saved.dim() or any(one < other for one, other in zip(tensor.shape, saved.shape, strict=True)):
        return False
    if isinstance(module, nn.Embedding):
        return len(tensor) == len(saved)
    if _kind(module) in INPUTS:
        # A group hears no more inputs than before; a weight under a norm (parametrised, so none of its own) is whole.
        grouped = getattr(module, "groups", 1) > 1 and tensor.dim() > 1
        return not grouped or tensor.shape[1] == saved.shape[1]
    return isinstance(module, nn.modules.batchnorm._NormBase) or isinstance(getattr(module, "base", None), Tensor)


def _own_tensors(module: nn.Module) -> dict[str, Tensor]:
    kept = module.state_dict(keep_vars=True)
    own = {**module._parameters, **module._buffers}
    return {name: tensor for name, tensor in own.items() if tensor is not None and name in kept}


def _kind(module: nn.Module) -> type[nn.Module]:
    return parametrize.type_before_parametrizations(module)
