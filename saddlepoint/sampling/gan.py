"""A trained generator, as a person holds it: images of seeds, of labels, and of the ways between them."""

from collections.abc import Sequence

import torch
from torch import Tensor

from saddlepoint.arguments import real_number, shown, whole_number, whole_numbers
from saddlepoint.errors import UserError
from saddlepoint.game.task import Request, RunTask, networks_of
from saddlepoint.networks.layers import standing_statistics as gather
from saddlepoint.process.room import refuse_without_room
from saddlepoint.randomness import derive_seed
from saddlepoint.sampling.batches import AT_ONCE, batches, labels_in_turn
from saddlepoint.sampling.latents import label_number, latents, latents_of_seeds, path_around, path_between

# Batch statistics want larger batches than that; this bounds the memory.
_STATISTICS_AT_ONCE = 64


class Gan:
    """A trained generator.

    Args:
        task: its first averaged network is the generator, with the weights to sample from.
        latent: width of z.
        prior: name of z's distribution.
        classes: names of the labels that the generator is given; empty without.
        points: what is made are points, no images.
        step: of the checkpoint.

    Examples:
        >>> gan = sp.load(run)
        >>> gan.step, gan.classes
        (4, ())
    """

    def __init__(self, task: RunTask, *, latent: int, prior: str, classes: tuple[str, ...], points: bool, step: int):
        self.task, self.step = task, step
        self.latent, self.prior, self.classes, self.points = latent, prior, classes, points
        self.generator = networks_of(task)[task.averaged[0]]
        self.generator.eval()

    def sample(
        self, count: int, *, seed: int = 0, label: str | int | None = None, truncation: float | None = None
    ) -> Tensor:
        """Images of the first `count` latents of a seed.

        Args:
            count: 1 or more.
            seed: the same seed gives the same images; a larger count begins with them.
            label: a class by name or number; None takes the classes in turn.
            truncation: of a normal prior: no number of a latent exceeds it; smaller ones give less varied images.

        Returns:
            float32 (count, channels, height, width) in [0, 1]; for points (count, dimensions). On the CPU.

        Raises:
            UserError: something that was given is not as it should be.

        Examples:
            >>> images = gan.sample(4, seed=7)
            >>> images.shape, images.dtype
            (torch.Size([4, 1, 8, 8]), torch.float32)
            >>> bool((gan.sample(2, seed=7) == images[:2]).all())
            True
        """
        seed, count = whole_number("seed", seed), whole_number("count", count)
        self.refuse_without_room(count)
        return self.made_of(self._first(seed, count, truncation), label)

    def sample_seeds(
        self, seeds: Sequence[int], *, label: str | int | None = None, truncation: float | None = None
    ) -> Tensor:
        """One image for each seed: the first of that seed. Shapes as in `sample`.

        Examples:
            >>> gan.sample_seeds([3, 8, 5]).shape
            torch.Size([3, 1, 8, 8])
        """
        return self.made_of(self._latents(seeds, truncation), label)

    def interpolate(
        self,
        start: int,
        end: int,
        count: int = 8,
        *,
        spherical: bool = False,
        label: str | int | None = None,
        truncation: float | None = None,
    ) -> Tensor:
        """Images on the way from one seed's image to another's, ends included; (count, channels, height, width).

        Examples:
            >>> way = gan.interpolate(3, 8, count=5)
            >>> bool((way[0] == gan.sample_seeds([3])[0]).all())
            True
        """
        count = whole_number("count", count)
        self.refuse_without_room(count)
        ends = self._latents([whole_number("start", start), whole_number("end", end)], truncation)
        return self.made_of(path_between(ends[0], ends[1], count, spherical=spherical), self._one(label))

    def loop(
        self,
        seeds: Sequence[int],
        count: int = 24,
        *,
        spherical: bool = False,
        label: str | int | None = None,
        truncation: float | None = None,
    ) -> Tensor:
        """Images on the way from each seed's to the next and back to the first, `count` a leg, for a film.

        Examples:
            >>> len(gan.loop([3, 8, 5], count=4))
            12
        """
        corners, count = self._latents(seeds, truncation), whole_number("count", count)
        self.refuse_without_room(len(corners) * count)
        return self.made_of(path_around(corners, count, spherical=spherical), self._one(label))

    def refuse_without_room(self, count: int) -> None:
        """Refuses more images than memory holds, before the first is made.

        Raises:
            UserError: they and their latents take more than the machine has.

        Examples:
            >>> gan.refuse_without_room(16)
            >>> gan.refuse_without_room(10**15)
            Traceback (most recent call last):
            saddlepoint.errors.UserError: ...
        """
        if count > AT_ONCE:
            one = self.made_of(latents(0, 1, width=self.latent, prior_name=self.prior))
            refuse_without_room(count * 2 * one.numel() * one.element_size(), f"{count} images")

    def standing_statistics(self, batches: int = 16, *, truncation: float | None = None) -> None:
        """Gives the generator's batch normalisation the statistics of the latents that it will be sampled with.

        The running averages of training are those of untruncated latents and of weights that have since moved on
        (Brock, Donahue and Simonyan 2019). What is sampled afterwards follows from them, until they are gathered anew.

        Args:
            batches: how many, of the training batch's size but 64 at most, with the classes in turn.
            truncation: of their latents; the same as when sampling.

        Raises:
            UserError: no batches, or a generator without batch normalisation.

        Examples:
            >>> gan.standing_statistics(2)
            >>> gan.sample(4).shape
            torch.Size([4, 1, 8, 8])
        """
        size = min(self.task.batch, _STATISTICS_AT_ONCE)
        if whole_number("batches", batches) < 1:
            raise UserError(f"statistics of {batches} batches", "1 or more", "use --standing 16")
        # Of a seed of their own: what is measured on is not what is drawn.
        z = self._first(derive_seed(0, "standing"), batches * size, truncation)
        given = [z.to(self.task.device)]
        if self.classes:
            given.append(labels_in_turn(len(z), len(self.classes)).to(self.task.device))
        gather(self.generator, zip(*(each.split(size) for each in given), strict=True))

    def _latents(self, seeds: Sequence[int], truncation: float | None) -> Tensor:
        if not (numbers := whole_numbers("seeds", seeds)):
            raise UserError("no seeds", "one or more", "give seeds=[0, 1, 2], for example")
        truncation = real_number("truncation", truncation) if truncation is not None else None
        return latents_of_seeds(numbers, width=self.latent, prior_name=self.prior, truncation=truncation)

    def _first(self, seed: int, count: int, truncation: float | None) -> Tensor:
        truncation = real_number("truncation", truncation) if truncation is not None else None
        return latents(seed, count, width=self.latent, prior_name=self.prior, truncation=truncation)

    def _one(self, label: str | int | None) -> str | int | None:
        # On the way nothing but z should change.
        return 0 if label is None and self.classes else label

    def made_of(self, z: Tensor, label: str | int | None = None) -> Tensor:
        """Images of given latents, float32 (n, latent).

        Raises:
            UserError: latents of another kind, or a label that the run does not have.

        Examples:
            >>> gan.made_of(torch.zeros(1, gan.task.latent)).shape
            torch.Size([1, 1, 8, 8])
        """
        _check_latents(z, self.latent)
        tensors = {"z": z}
        if label is not None:
            tensors["labels"] = torch.full((len(z),), label_number(label, self.classes))
        elif self.classes:
            tensors["labels"] = labels_in_turn(len(z), len(self.classes))
        networks = {name: networks_of(self.task)[name] for name in self.task.averaged}
        made = batches(lambda request: self.task.sample(networks, request), Request(tensors=tensors), self.task.device)
        return torch.cat([*made])


def _check_latents(z: object, width: int) -> None:
    if isinstance(z, Tensor) and z.is_floating_point() and z.dim() == 2 and len(z) and z.shape[1] == width:
        return
    given = f"{z.dtype} of shape {tuple(z.shape)}" if isinstance(z, Tensor) else shown(z)
    raise UserError(f"latents: {given}", f"floating-point numbers (n, {width})", f"give torch.randn(16, {width})")
