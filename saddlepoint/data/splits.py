"""Which items are trained on and which are held out.

By fingerprint: an item is held out when h(seed, content) / 2^64 < share, h the first 8 bytes of a blake2b hash. The
side is a function of the item alone, so duplicates land on the same side and adding images moves none of the others.
"""

import hashlib

import numpy as np

from saddlepoint.errors import UserError


def make_splits(
    digests: np.ndarray,
    published: dict[str, np.ndarray],
    *,
    hold_out: float,
    first: int | None,
    seed: int,
) -> tuple[dict[str, np.ndarray], str]:
    """Indices by split, and the rule in words.

    A published training part is divided only where no held-out part is published; a published test part is always kept.

    Args:
        digests: uint8 (n, 16), one content hash per item.
        published: indices by split as far as the source says; empty, or covering all items.
        hold_out: the share of the training part that is held out by fingerprint; 0 holds nothing out.
        first: instead of that, the first so many of the training part are trained on and the rest is held out.
        seed: another seed gives another division by fingerprint.

    Returns:
        "train", "held_out" and, where published, "test": disjoint sorted int64 indices that cover all items.

    Raises:
        UserError: nothing would be left to train on, or `first` contradicts the source.
    """
    train = published.get("train", np.arange(len(digests)) if not published else np.empty(0, np.int64))
    kept = {name: np.sort(indices).astype(np.int64) for name, indices in published.items()}
    if first is not None:
        if "held_out" in published:
            raise UserError(
                f"data.first={first} for a source that publishes {len(published['held_out'])} held-out items",
                "a source without its own held-out part",
                "leave data.first out",
            )
        if first > len(train):
            raise UserError(f"data.first={first}", f"at most the {len(train)} items to train on", "give fewer")
        rule, held = f"first {first}", np.arange(len(train)) >= first
    elif "held_out" in published:
        rule, held = "as published", np.zeros(len(train), dtype=bool)
    elif hold_out > 0:
        rule = f"hold out {hold_out:g} by fingerprint, seed {seed}"
        held = np.array([_position(seed, digests[index]) < hold_out for index in train], dtype=bool)
    else:
        rule, held = "as published" if published else "nothing held out", np.zeros(len(train), dtype=bool)
    train = np.sort(train)
    kept = {"held_out": train[held].astype(np.int64), **kept, "train": train[~held].astype(np.int64)}
    if "test" in kept and rule != "as published":
        rule += "; test as published"
    if not len(kept["train"]):
        raise UserError(
            f"a split that leaves nothing of {len(digests)} items to train on ({rule})",
            "at least one item to train on",
            "use more data, or hold nothing out with --set data.hold_out=0",
        )
    return {name: kept[name] for name in ("train", "held_out", "test") if name in kept}, rule


def _position(seed: int, digest: np.ndarray) -> float:
    """Where in [0, 1) an item stands."""
    hashed = hashlib.blake2b(digest.tobytes(), digest_size=8, key=seed.to_bytes(16, "little"))
    return int.from_bytes(hashed.digest(), "little") / 2.0**64
