"""What the Jacobian says: how much of it turns, its leading eigenvalues, the damping of the pair that turns fastest.

    rotation share = |A| / (|S| + |A|), S and A the symmetric and antisymmetric parts of J, |.| by Hutchinson's probes
    damping = -Re l / |l| of the eigenvalue with the largest imaginary part: 0 circles, 1 does not turn

Eigenvalues by one Arnoldi iteration (1951) from products alone, without restarts: the ends of the spectrum that are
asked for come out of one Krylov space. Small games are taken whole. J is not normal, so each value comes with its
residual |J v - l v| / |l|. An eigenvalue with a positive real part is no finding by itself:
healthy runs have some, all from the generator's own curvature.

Where J is a sum of terms T, an eigenvalue is one too: l = sum of u'T v / u'v, u of J' and v of J its eigenvectors. The
part of a term is also how l moves where that term grows (dl = part x d log T), and no scale of the weights changes it.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from saddlepoint.diagnosis.local.flow import Flow, Product, dense, rademacher

# Products with several matrices at once, by name.
Terms = Callable[[Tensor], Mapping[str, Tensor]]

# Up to so many weights the matrix is written out.
SMALL = 128
# Vectors of a Krylov space at most, by number and by bytes; after so many it is looked whether the ends are known.
MOST, _BYTES, _LOOK = 120, 2**30, 10
# Relative residuals at which the iteration stops, and with which a value is still told.
_KNOWN, _TOLD = 1e-3, 0.05
# Below this share of the largest modulus an imaginary part is rounding.
TURNING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Pair:
    """An eigenvalue with its vector and how well it is known."""

    value: complex
    vector: np.ndarray
    residual: float

    @property
    def damping(self) -> float:
        """-Re l / |l|."""
        return -self.value.real / abs(self.value) if self.value else 0.0

    @property
    def turns(self) -> bool:
        return abs(self.value.imag) > TURNING * abs(self.value)


def leading(product: Product, size: int, *, ends: Sequence[str], start: Tensor | None = None) -> list[Pair]:
    """Eigenvalues at the ends of the spectrum, the largest modulus first; those that are known to a few per cent.

    Args:
        product: with a matrix, (n,) -> (n,).
        size: n.
        ends: which have to be known before the iteration may stop: "modulus" (the largest), "turning" (the largest
            imaginary part), "left" (the smallest real part).
        start: where the Krylov space begins; None for random signs.
    """
    if size <= SMALL:
        matrix = dense(product, size)
        values, vectors = np.linalg.eig(matrix)
        residuals = np.linalg.norm(matrix @ vectors - values * vectors, axis=0)
        return _pairs(values, vectors, residuals)
    most = max(8, min(MOST, size - 1, _BYTES // (8 * size)))
    start = rademacher(size, 1)[0] if start is None or not float(start.norm()) else start
    basis = [start / start.norm()]
    hessenberg = np.zeros((most + 1, most))
    for step in range(most):
        w = product(basis[-1])
        # Twice is enough: what the first pass leaves of the older vectors is rounding of the second.
        for _ in range(2):
            for index, q in enumerate(basis):
                along = float(q @ w)
                hessenberg[index, step] += along
                w = w - along * q
        hessenberg[step + 1, step] = length = float(w.norm())
        done = length <= 1e-12 * np.abs(hessenberg[: step + 1, step]).max()
        if done or step + 1 == most or (step + 1) % _LOOK == 0:
            found, weights = _ritz(hessenberg[: step + 1, : step + 1], 0.0 if done else length)
            known = all(found[index].residual < _KNOWN for index in _outermost(found, ends))
            # As long as all values are real, the pair that turns has not shown itself: the real ends come first.
            waiting = "turning" in ends and not any(pair.turns for pair in found)
            if done or step + 1 == most or (known and not waiting):
                break
        basis.append(w / length)
    space = torch.stack(basis[: step + 1]).numpy()
    known = [(pair, weight) for pair, weight in zip(found, weights.T, strict=True) if pair.residual < _TOLD]
    return [Pair(value=pair.value, vector=weight @ space, residual=pair.residual) for pair, weight in known]


def _ritz(matrix: np.ndarray, beyond: float) -> tuple[list[Pair], np.ndarray]:
    """Ritz pairs of a Krylov space whose next vector lies `beyond` it, with their weights on its basis."""
    values, weights = np.linalg.eig(matrix)
    order = np.argsort(-np.abs(values), kind="stable")
    values, weights = values[order], weights[:, order]
    return _pairs(values, weights, beyond * np.abs(weights[-1])), weights


def _pairs(values: np.ndarray, vectors: np.ndarray, residuals: np.ndarray) -> list[Pair]:
    sizes = np.maximum(np.abs(values), 1e-300)
    order = np.argsort(-np.abs(values), kind="stable")
    return [
        Pair(value=complex(values[i]), vector=vectors[:, i], residual=float(residuals[i] / sizes[i])) for i in order
    ]


def _outermost(found: list[Pair], ends: Sequence[str]) -> list[int]:
    far = {
        "modulus": [abs(pair.value) for pair in found],
        "turning": [abs(pair.value.imag) for pair in found],
        "left": [-pair.value.real for pair in found],
    }
    return [int(np.argmax(far[end])) for end in ends]


def top_pair(found: list[Pair]) -> Pair | None:
    """The one with the largest imaginary part, as l with Im l > 0; None where nothing turns."""
    turning = [pair for pair in found if pair.turns]
    if not turning:
        return None
    top = max(turning, key=lambda pair: abs(pair.value.imag))
    if top.value.imag > 0:
        return top
    return Pair(value=top.value.conjugate(), vector=top.vector.conjugate(), residual=top.residual)


def parts_of(pair: Pair, transposed: Product, size: int, terms: Terms) -> dict[str, complex] | None:
    """What each term gives to an eigenvalue, by name; None where the eigenvector of the transpose was not found.

    Args:
        pair: of J.
        transposed: the product with J^T.
        size: n.
        terms: those that J is the sum of.
    """
    found = leading(transposed, size, ends=("turning",))
    both = [(each.value, each.vector) for each in found] + [(e.value.conjugate(), e.vector.conjugate()) for e in found]
    if not both:
        return None
    value, left = min(both, key=lambda each: abs(each[0] - pair.value))
    along = left @ pair.vector
    if abs(value - pair.value) > _TOLD * abs(pair.value) or not abs(along):
        return None
    right = torch.from_numpy(pair.vector.astype(complex))
    real, imaginary = terms(right.real.contiguous()), terms(right.imag.contiguous())
    return {name: complex(left @ (real[name].numpy() + 1j * imaginary[name].numpy()) / along) for name in real}


@dataclass(frozen=True, kw_only=True)
class Shares:
    """What Hutchinson's probes give in one go.

    Attributes:
        rotation: |A| / (|S| + |A|).
        errors: of products that claim to be J, by name: |J - J'| / |J|.
        sizes: of the same, |J'| / |J|.
        probes: how many vectors.
    """

    rotation: float | None
    errors: dict[str, float]
    sizes: dict[str, float]
    probes: int


def shares(flow: Flow, claims: Terms | None = None, probes: int = 30) -> Shares:
    """The rotation share, and the sizes and errors of other products beside J; exact where the game is small.

    Args:
        flow: J.
        claims: products, by name.
        probes: Rademacher vectors; 30 give each norm within 10 %.
    """
    size = flow.size
    vectors = torch.eye(size, dtype=torch.float64) if size <= SMALL else rademacher(size, probes)
    symmetric = turning = whole = 0.0
    wrong: dict[str, float] = defaultdict(float)
    large: dict[str, float] = defaultdict(float)
    for v in vectors:
        ahead, back = flow.forward(v), flow.transposed(v)
        symmetric += float((ahead + back).square().sum()) / 4
        turning += float((ahead - back).square().sum()) / 4
        whole += float(ahead.square().sum())
        for name, made in (claims(v) if claims is not None else {}).items():
            wrong[name] += float((made - ahead).square().sum())
            large[name] += float(made.square().sum())
    s, a = symmetric**0.5, turning**0.5
    errors, sizes = (
        {name: (each / whole) ** 0.5 if whole > 0 else 0.0 for name, each in sums.items()} for sums in (wrong, large)
    )
    return Shares(rotation=a / (s + a) if s + a > 0 else None, errors=errors, sizes=sizes, probes=len(vectors))
