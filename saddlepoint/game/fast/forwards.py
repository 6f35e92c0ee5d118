"""Forward passes that two players' steps share: what D's step was shown is what G's step goes on from.

Where two moves follow each other on one draw, the second player has not moved in between, so that its networks would
make the same again. They run once, with a graph; the first player's loss gets what they made without it, and the second
player's step goes back through the graph. With batch or spectral normalisation in them the one pass also moves the
running averages, or the vectors, once instead of twice.
"""

from collections.abc import Callable, Iterator, Mapping

from torch import Tensor, nn


class Forwards:
    """What the networks of one player have made of one draw in the other player's step.

    They belong to the very tensors that went in: a call with others is an ordinary call.

    Args:
        player: whose networks they are, the second to move.
    """

    def __init__(self, player: str):
        self.player = player
        self._made: dict[str, list[tuple[tuple[Tensor, ...], Tensor]]] = {}

    def calls(self, mover: str, networks: Mapping[str, nn.Module]) -> dict[str, "Shared"]:
        """The player's networks as the mover is to call them."""
        way = self._using if mover == self.player else self._keeping
        return {name: way(name, module) for name, module in networks.items()}

    def _keeping(self, name: str, module: nn.Module) -> "Shared":
        """As the first player calls it: what it makes is kept with its graph, and given without."""

        def call(*inputs: Tensor) -> Tensor:
            made = module(*inputs)
            self._made.setdefault(name, []).append((inputs, made))
            return made.detach()

        return Shared(module, call)

    def _using(self, name: str, module: nn.Module) -> "Shared":
        """As its own player calls it: what was kept is used once, and let go."""

        def call(*inputs: Tensor) -> Tensor:
            kept = self._made.get(name, [])
            for index, (known, made) in enumerate(kept):
                if len(known) == len(inputs) and all(one is other for one, other in zip(known, inputs, strict=True)):
                    del kept[index]
                    return made
            return module(*inputs)

        return Shared(module, call)


class Shared:
    """A network of `Networks` whose passes are shared: another call, its own weights."""

    def __init__(self, module: nn.Module, call: Callable[..., Tensor]):
        self.module, self._call = module, call

    def __call__(self, *inputs: Tensor) -> Tensor:
        return self._call(*inputs)

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """The module's own."""
        return self.module.named_parameters()
