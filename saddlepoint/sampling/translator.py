"""A trained generator of images from images, as a person holds it: translated one way or back, or enlarged."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.arguments import shown
from saddlepoint.errors import UserError
from saddlepoint.game.task import Request, RunTask, networks_of

# Side of the pieces, in pixels of the sources, in which a large photograph is enlarged: it bounds the memory.
_PIECE = 128


class Translator:
    """A trained generator of images from images.

    Args:
        task: its averaged networks hold the weights to use: the first makes targets of sources, a second one, where
            there is one, sources of targets.
        channels: of the images that each of them starts from.
        enlarges: what is made is the same picture, larger.
        step: of the checkpoint.

    Examples:
        `folder / "pairs"` holds images of 128 x 64, each a drawing and its photograph side by side.

        >>> pairs = sp.train("pix2pix-small", data=folder / "pairs", steps=1, out=folder / "pix2pix", show=False)
        >>> translator = sp.load(pairs)
        >>> translator(torch.rand(1, 3, 64, 64)).shape
        torch.Size([1, 3, 64, 64])
        >>> translator.enlarges
        False
    """

    def __init__(self, task: RunTask, *, channels: tuple[int, int], enlarges: bool, step: int):
        self.task, self.step, self.enlarges = task, step, enlarges
        self._channels = channels

    def __call__(self, images: Tensor, *, back: bool = False) -> Tensor:
        """The same as `translate`."""
        return self.translate(images, back=back)

    @torch.no_grad()
    def translate(self, images: Tensor, *, back: bool = False) -> Tensor:
        """Each image by itself, so that it is the same to the bit whatever else is translated.

        An image whose sides the generator cannot take is continued by its reflection on all sides to the next size that
        it can, see `padded`, and what is made is cut back.

        Args:
            images: float32 (n, channels, height, width) in [0, 1], rounded to 8 bits as files are; of any size.
            back: from the targets' kind to the sources', for a run of the task cycle.

        Returns:
            float32 (n, channels', height', width') in [0, 1], on the CPU.

        Raises:
            UserError: no such images, or no way back.

        Examples:
            >>> translator.translate(torch.rand(2, 3, 70, 51)).shape
            torch.Size([2, 3, 70, 51])
        """
        wrong = not isinstance(images, Tensor)
        if wrong or images.ndim != 4 or not len(images) or not images.is_floating_point():
            raise UserError(
                f"images={shown(images)}" if wrong else f"{images.dtype} of shape {tuple(images.shape)}",
                "float32 images (n, channels, height, width), one or more",
                "divide 8-bit pixels by 255; add the axis of a single image by images[None], and use torch tensors",
            )
        low, high = float(images.min()), float(images.max())
        if not (low >= 0 and high <= 1):
            raise UserError(f"images in [{low:.4g}, {high:.4g}]", "pixels in [0, 1]", "map them, as in (x + 1) / 2")
        if images.shape[1] != (channels := self.channels(back)):
            raise UserError(
                f"images of {images.shape[1]} channels", f"{channels}, as in training", "convert the images"
            )
        network, (height, width) = self._generator(back), images.shape[2:]
        tall, wide = self.padded(height, width, back=back)
        top, left = (tall - height) // 2, (wide - width) // 2
        stored = (images * 255).round().to(torch.uint8).cpu().numpy()
        around = ((0, 0), (0, 0), (top, tall - height - top), (left, wide - width - left))
        # numpy's, because torch's reflection reaches no further than the image does.
        padded = torch.from_numpy(np.pad(stored, around, mode="reflect"))
        made = torch.cat([self._made(network, each[None]) for each in padded])
        factor = made.shape[2] // tall
        return made[:, :, factor * top : factor * (top + height), factor * left : factor * (left + width)]

    def _made(self, network: Any, stored: Tensor) -> Tensor:
        """What the network makes of one image, in pieces where a network that sees only so far meets a large image."""

        def sample(sources: Tensor) -> Tensor:
            request = Request(tensors={"source": sources}).to(self.task.device)
            return self.task.sample({self.task.averaged[0]: network}, request).cpu()

        reach, (height, width) = getattr(network, "reach", None), stored.shape[2:]
        if reach is None or max(height, width) <= _PIECE:
            return sample(stored)
        factor, rows = network.factor, []
        for top in range(0, height, _PIECE):
            bottom, above = min(top + _PIECE, height), max(top - reach, 0)
            row = []
            for left in range(0, width, _PIECE):
                right, before = min(left + _PIECE, width), max(left - reach, 0)
                made = sample(stored[:, :, above : bottom + reach, before : right + reach])
                kept = made[:, :, factor * (top - above) : factor * (bottom - above)]
                row.append(kept[..., factor * (left - before) : factor * (right - before)])
            rows.append(torch.cat(row, dim=3))
        return torch.cat(rows, dim=2)

    def channels(self, back: bool = False) -> int:
        """How many channels the generator's sources have.

        Examples:
            >>> translator.channels()
            3
        """
        return self._channels[back]

    def padded(self, height: int, width: int, *, back: bool = False) -> tuple[int, int]:
        """The next size that the generator can take, from a size up: that size itself where it can.

        Examples:
            >>> translator.padded(70, 51)
            (128, 64)
        """
        grid, smallest = self.grid(back), self._generator(back).smallest
        tall, wide = (max(-(-side // grid) * grid, smallest) for side in (height, width))
        return tall, wide

    def grid(self, back: bool = False) -> int:
        """Of what the sides of an image that the generator takes as it is are multiples.

        Examples:
            >>> translator.grid()
            64
        """
        return self._generator(back).grid

    def _generator(self, back: bool) -> Any:
        if back and len(self.task.averaged) == 1:
            raise UserError("a translation back", "a run of the task cycle, which learns both ways", "leave back out")
        return networks_of(self.task)[self.task.averaged[back]]
