"""What is seen beside the samples of a run that has ended: real images, and what of them is nearest to samples.

beside/real.png       training images in the places of the samples, the same at every end of the run
beside/nearest.png    the first samples of the newest picture, and below each the training image nearest to it
beside/nearest.json   how far they are from each other, and how far held-out images are from the training images

A report reads them: it knows no data. Distances are those of `sampling/neighbours.py`, between pixels: copies are found
by them, whoever judges the samples.
"""

import json
import math
from itertools import chain

import torch
from torch import Tensor

from saddlepoint.files import write_whole
from saddlepoint.game.task import Request
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.recipes.kinds.kind import Pictures, as_shown
from saddlepoint.run_folder import DISTANCES, NEAREST, REAL
from saddlepoint.runs.opened import OpenRun
from saddlepoint.sampling.neighbours import HELD_OUT, neighbours
from saddlepoint.sampling.pictures import grid, save_picture
from saddlepoint.training.averages import sampled_networks

# So many samples, the first of the picture, are shown with their nearest training image.
SHOWN = 8
# Products of two numbers that the distances of held-out images may take: about a second.
_PRODUCTS = 2e10


def draw_beside(run: OpenRun) -> None:
    """Writes the folder `beside`; nothing for a run whose pictures need none.

    Raises:
        OSError: it cannot be written.
        UserError: what is made is no image (not finite).
    """
    pictures = kind_of(run.recipe).pictures(run.recipe, run.game.task, run.found, run.data)
    if pictures is None or pictures.real is None:
        return
    save_picture(grid(as_shown(pictures.real())), run.folder.beside / REAL)
    train = len(run.data.splits["train"])
    held_out = int(min(HELD_OUT, max(SHOWN, _PRODUCTS / (train * math.prod(run.data.shape)))))
    found = neighbours(_first_samples(run, pictures), run.data, held_out=held_out)
    both = torch.cat([found.samples, found.images[:, 0]])
    save_picture(grid(both, columns=len(found.samples)), run.folder.beside / NEAREST)
    told = {
        "step": run.game.state.step,
        "space": "pixels",
        "training_images": train,
        "indices": list(chain(*found.indices.tolist())),
        "distances": list(chain(*found.distances.tolist())),
        "held_out": found.held_out,
        "held_out_images": found.held_out_count,
    }
    write_whole(run.folder.beside / DISTANCES, (json.dumps(told) + "\n").encode())


@torch.no_grad()
def _first_samples(run: OpenRun, pictures: Pictures) -> Tensor:
    first = Request(tensors={name: each[:SHOWN] for name, each in pictures.request.tensors.items()})
    with sampled_networks(run.game.task, run.game.state.averages) as networks:
        return run.game.task.sample(networks, first).float().cpu()
