"""Scale-free signals of a game: numbers that mean the same for every objective, data set and size of network.

Scores are compared by ranks, P(D(a) > D(b)), because a constant is nothing to relativistic pairs and critics; distances
are divided by those of the data; gradients by what they are at the rest point of the objective; updates by the weights.

All are functions of tensors. T are training items, H items that D was not shown, X what G makes of fixed latents; items
are flat, (n, d). Each gives a tensor of no dimensions, so that a device is waited for once. Sources: r_t and r_v of
Karras et al. 2020 by ranks; recall by balls of neighbours of Kynkaanniemi et al. 2019; the rest is our own.
"""

import torch
from torch import Tensor

from saddlepoint.objectives import Objective, Paired

# Neighbours of a ball of recall.
NEIGHBOURS = 5
# Dimensions up to which distances are computed in double precision.
_EXACT = 256
# A displacement that is shorter has no direction.
_STILL = 1e-8
# Raw outputs among which the rest point is looked for, and how far apart.
_LINE = (-20.0, 20.0, 4001)


def distances(a: Tensor, b: Tensor) -> Tensor:
    """Euclidean distances (n, m) of rows, by |a|^2 + |b|^2 - 2ab.

    Of few dimensions in double precision, for near neighbours would lose their digits in single; term by term it would
    take ten times as long.
    """
    if a.shape[1] <= _EXACT:
        a, b = a.double(), b.double()
    squares = torch.addmm(b.square().sum(1), a, b.T, alpha=-2)
    return squares.add_(a.square().sum(1, keepdim=True)).clamp_(min=0).sqrt_().float()


# Scores, (n,) each


def rank(above: Tensor, below: Tensor) -> Tensor:
    """P(a > b) for a and b drawn from the two, ties counted half: the area under the ROC curve."""
    above = above[:, None]
    higher, equal = torch.count_nonzero(above > below), torch.count_nonzero(above == below)
    return (higher.double() + 0.5 * equal) / (len(above) * len(below))


def generator_pull(objective: Objective, fake: Tensor, real: Tensor) -> Tensor:
    """n |dI / dD_i| for each fake, float64 (n,): how hard the objective pulls at it through its score."""
    leaf = fake.detach().double().requires_grad_()
    with torch.enable_grad():
        terms = objective.generator_terms(leaf, real.detach().double())
        (slope,) = torch.autograd.grad(sum(terms.values(), leaf.new_zeros(())), leaf)
    return len(leaf) * slope.abs()


def pull_at_rest(objective: Objective) -> float:
    """What `generator_pull` is where the game rests: |k|, at the raw output nearest 0 with f1' + f2' = 0.

    Of a paired objective it is |f'(0)|; where no output of the line is at rest, the one that is nearest to it is taken.
    """
    at = torch.zeros((), dtype=torch.float64) if isinstance(objective, Paired) else _rest(objective)
    side = at.expand(2)
    return float(generator_pull(objective, side, side).mean())


def _rest(objective: Objective) -> Tensor:
    line = torch.linspace(*_LINE, dtype=torch.float64).requires_grad_()
    with torch.enable_grad():
        terms = objective.discriminator_terms(line, line)
        (slope,) = torch.autograd.grad(sum(terms.values(), line.new_zeros(())), line)
    line, slope = line.detach(), slope * len(line)
    flat = slope.abs() <= 1e-12 * slope[slope.isfinite()].abs().max()
    if bool(flat.any()):
        return line[flat][line[flat].abs().argmin()]
    crossing = (slope[:-1] * slope[1:] < 0).nonzero().flatten()
    if len(crossing) == 0:
        return line[slope.abs().nan_to_num(torch.inf).argmin()]
    at = crossing[line[crossing].abs().argmin()]
    share = slope[at] / (slope[at] - slope[at + 1])
    return line[at] + share * (line[at + 1] - line[at])


def effective_share(pull: Tensor) -> Tensor:
    """(sum |g|)^2 / (n sum g^2): the share of fakes that carry the gradient, 1 where all do alike; 0 without any."""
    squares = pull.square().sum()
    return torch.where(pull.sum() == 0, torch.zeros_like(squares), pull.sum().square() / (len(pull) * squares))


# Items, (n, d) each


def mean_gap(made: Tensor, centre: Tensor, spread: Tensor) -> Tensor:
    """|mean(X) - mean(H)| over |std(H)|, given mean(H) and |std(H)|; .1 is noise at n = 128."""
    return (made.mean(0) - centre).norm() / spread


def pair_distance(within: Tensor) -> Tensor:
    """The mean of the distances between different rows, from their matrix (n, n)."""
    return within.sum() / (len(within) * (len(within) - 1))


def nearest(within: Tensor) -> Tensor:
    """Each row's distance to its nearest other row, (n,), from their matrix."""
    return (within + torch.diag(within.new_full((len(within),), torch.inf))).amin(1)


def hub(across: Tensor) -> Tensor:
    """The share of X whose nearest H is one and the same, from the distances (X, H)."""
    return torch.bincount(across.argmin(1)).max() / len(across)


def recall(within: Tensor, across: Tensor) -> Tensor:
    """The share of H inside a ball that reaches from an X to its fifth neighbour, from distances (X, X) and (X, H)."""
    # The row itself is the nearest.
    count = min(NEIGHBOURS + 1, len(within))
    radii = within.topk(count, dim=1, largest=False).values[:, -1]
    return (across <= radii[:, None]).any(0).double().mean()


def moved(now: Tensor, before: Tensor, scale: Tensor) -> Tensor:
    """The mean distance of rows from where they were, over the scale of the data."""
    return (now - before).norm(dim=1).mean() / scale


# The path of the mean of fixed samples, (t, d), evenly spaced in time


def farthest_return(path: Tensor, scale: Tensor, longest: int) -> Tensor:
    """The largest mean distance between points of the path that are a lag apart, over all lags, over the data's scale.

    A run that has arrived trembles about one point; one that circles is a diameter away half a turn later. A lag counts
    up to two thirds of the path: of a longer one few pairs are left, most of them from the first descent.
    """
    apart = distances(path, path)
    place = torch.arange(len(path), device=path.device)
    lags = (place[None, :] - place[:, None]).clamp(min=0).flatten()
    sums = apart.new_zeros(len(path)).index_add_(0, lags, apart.flatten())
    counts = torch.arange(len(path), 0, -1, device=path.device)
    return (sums / counts)[1 : min(longest, 2 * len(path) // 3) + 1].max() / scale


def turning(path: Tensor) -> Tensor:
    """The mean cosine between successive displacements: 1 along a line, 0 at random, below 0 to and fro."""
    steps = path.diff(dim=0)
    directions = steps / steps.norm(dim=1, keepdim=True).clamp(min=_STILL)
    return (directions[:-1] * directions[1:]).sum(1).mean()


# Weights


def update_size(before: Tensor, after: Tensor) -> Tensor:
    """The norm of a step over the norm of the weights, (n,) each."""
    step = after - before
    return (step.dot(step) / after.dot(after)).sqrt()


def size(weights: Tensor) -> Tensor:
    """The norm of the weights, (n,)."""
    return weights.dot(weights).sqrt()
