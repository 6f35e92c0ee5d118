"""Where a verb writes a file or a folder; nothing that exists is ever overwritten."""

import argparse
from pathlib import Path

from saddlepoint.errors import UserError
from saddlepoint.files import next_free


def new_place(chosen: argparse.Namespace, default: str) -> Path:
    """Where to write: --out, or a new name in the run's folder; checked before anything is computed.

    Raises:
        UserError: something is there already.
    """
    if chosen.out is None:
        return next_free(Path(chosen.run) / default)
    out = Path(chosen.out)
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise UserError(f"--out {out}, which exists", "a new file or folder", "choose another --out")
    return out
