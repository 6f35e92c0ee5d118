"""Forward passes that two players' steps share: what D's step was shown is what G's step goes on from.

Where two moves follow each other on one draw, the second player has not moved in between, so that its networks would
make the same again. They run once, with a graph; the first player's loss gets what they made without it, and the second
player's step goes back through the graph. With batch or spectral normalisation in them the one pass also moves the
running averages, or the vectors, once instead of twice.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torch import Tensor, nn
from torch.utils._pytree import tree_map


class Forwards:
    """What the networks of one player have made of one draw in the other player's step.

    They belong to the very tensors that went in: a call with others is an ordinary call.

    Args:
        player: whose networks they are, the second to move.
    """

    def __init__(self, player: str):
        self.player = player
        # By network and by what was asked of it: what went in, and what came out.
        self._made: dict[tuple[str, str], list[tuple[tuple, dict[str, Any], Any]]] = {}

    def calls(self, mover: str, networks: Mapping[str, nn.Module]) -> dict[str, "Shared"]:
        """The player's networks as the mover is to call them."""
        way = self._using if mover == self.player else self._keeping
        return {name: Shared(name, module, way) for name, module in networks.items()}

    def _keeping(self, key: tuple[str, str], make: Callable[..., Any], inputs: tuple, named: dict[str, Any]) -> Any:
        """As the first player calls it: what it makes is kept with its graph, and given without."""
        made = make(*inputs, **named)
        self._made.setdefault(key, []).append((inputs, named, made))
        return tree_map(lambda each: each.detach() if isinstance(each, Tensor) else each, made)

    def _using(self, key: tuple[str, str], make: Callable[..., Any], inputs: tuple, named: dict[str, Any]) -> Any:
        """As its own player calls it: what was kept is used once, and let go."""
        kept = self._made.get(key, [])
        for index, (known, known_named, made) in enumerate(kept):
            if _same(known, inputs) and known_named.keys() == named.keys() and _same(known_named, named):
                del kept[index]
                return made
        return make(*inputs, **named)


class Shared:
    """A network of `Networks` whose passes are shared: another call, its own weights."""

    def __init__(self, name: str, module: nn.Module, way: Callable[..., Any]):
        self.module, self._name, self._way = module, name, way

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        return self._way((self._name, "forward"), self.module, inputs, named)

    def features(self, *inputs: Any) -> Any:
        """The module's own method, shared likewise."""
        return self._way((self._name, "features"), self.module.features, inputs, {})

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """The module's own."""
        return self.module.named_parameters()


def _same(known: Any, given: Any) -> bool:
    """Whether these are the very same inputs, in order or by name."""
    if len(known) != len(given):
        return False
    keys = known if isinstance(known, dict) else range(len(known))
    return all(known[key] is given[key] for key in keys)
