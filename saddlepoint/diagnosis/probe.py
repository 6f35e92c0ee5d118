"""The probe: all signals of a game at one point, and no trace of having looked.

Networks are called in the mode in which they stand (training: evaluation mode would hide what batch statistics do) at
copies of their buffers; torch's generators are put back; what dropout draws here has a seed of its own.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.func import functional_call

from saddlepoint.diagnosis import signals
from saddlepoint.diagnosis.probed import Probed

# Points of the path of the mean of fixed samples that are kept, and the longest lag in points.
KEPT, LONGEST = 120, 80
# Coordinates of an item that distances are measured in, and numbers of a tensor that updates are measured on.
_COORDINATES, _NUMBERS = 3072, 65_536
# Numbers of items that a network is given in one call: it has to do without the memory of a larger batch.
_CALL = 2**21
# Steps that the movement of samples is given for, whatever the distance between two probes.
_DRIFT = 25
# Of what the networks draw while they are looked at, and of coordinates and other labels.
_SEED = 1_013_904_223

# What a probe goes on from, by name: "path" (t, d) and "samples" (m, d). It is history, and saved with the run.
Memory = Mapping[str, Tensor]


class Probe:
    """Looks at one game; the data's own numbers are computed once.

    Args:
        probed: what is looked at.
    """

    def __init__(self, probed: Probed):
        self.probed = probed
        self.batch_norm_in = {
            name: _normalises(network)
            for name, network in (("generator", probed.generator), ("discriminator", probed.discriminator))
        }
        self.at_rest = signals.pull_at_rest(probed.objective) if probed.objective is not None else None
        drawing = torch.Generator().manual_seed(_SEED)
        count = probed.others[0].numel()
        chosen = torch.randperm(count, generator=drawing)[:_COORDINATES].sort().values
        self._coordinates = chosen.to(probed.others.device) if count > _COORDINATES else None
        self._others = self._flat(probed.others)
        self._other_labels = None
        if probed.labels is not None and probed.classes > 1:
            # Of a D that knows its training items by heart, labels that mean nothing among them.
            labels = probed.labels[1 if probed.held_out else 0]
            shift = torch.randint(1, probed.classes, labels.shape, generator=drawing).to(labels.device)
            self._other_labels = (labels + shift) % probed.classes
        within = signals.distances(self._others, self._others)
        self.scale = signals.pair_distance(within)
        self._neighbour = signals.nearest(within).median()
        self._centre, self._spread = self._others.mean(0), self._others.std(0).norm()

    def follow(self, memory: Memory) -> dict[str, Tensor]:
        """The memory with one more point of the path of the mean of fixed samples."""
        with self._aside():
            point = self._flat(self._made(self.probed.followed)).mean(0, keepdim=True)
        path = memory.get("path")
        path = point if path is None else torch.cat([path.to(point.device), point])[-KEPT:]
        return {**memory, "path": path}

    def weights(self) -> dict[str, Tensor]:
        """The weights of each player, (n,), as far as `read` compares them: of a large tensor evenly spaced ones."""
        nothing = self.probed.latents.new_zeros(0)
        return {
            name: torch.cat([nothing, *(_thinned(parameter) for parameter in network.parameters())])
            for name, network in (("generator", self.probed.generator), ("discriminator", self.probed.discriminator))
        }

    def read(
        self,
        memory: Memory,
        *,
        since: int | None,
        before: Mapping[str, Tensor] | None,
        moves: Mapping[str, int],
        rate_share: float = 1.0,
    ) -> tuple[dict[str, float], dict[str, Tensor]]:
        """All signals that have a meaning here and now, by name, and the memory for the next time.

        Args:
            memory: of the probe before.
            since: steps since then; None where this is the first.
            before: `weights` one iteration ago, or None.
            moves: steps of each player in that iteration.
            rate_share: of G's rate, of what it was at the start: movement is given per that.
        """
        probed = self.probed
        with self._aside():
            made = self._made(len(probed.latents))
            flat = self._flat(made)
            on_train, on_others, on_made = self._scores(made)
            found = self._of_scores(on_train, on_others, on_made) | self._of_items(flat)
            samples = memory.get("samples")
            if samples is not None and samples.shape == flat.shape and since and rate_share > 0:
                moved = signals.moved(flat, samples.to(flat.device), self.scale)
                found["drift"] = moved * (_DRIFT / since / rate_share)
            path = memory.get("path")
            if path is not None and len(path) > 3:
                path = path.to(flat.device)
                found["cent_max"] = signals.farthest_return(path, self.scale, LONGEST)
                found["turn_cos"] = signals.turning(path)
            if before is not None:
                after = self.weights()
                for name, letter in (("discriminator", "D"), ("generator", "G")):
                    found[f"upd_{letter}"] = signals.update_size(before[name], after[name]) / max(1, moves[name])
                    found[f"size_{letter}"] = signals.size(after[name])
            found |= self._of_batches(made, flat, on_train, on_made)
        # One wait for the device.
        device = flat.device
        numbers = torch.stack([each.detach().to(device, torch.float64) for each in found.values()]).tolist()
        return dict(zip(found, numbers, strict=True)), {**memory, "samples": flat}

    def _of_scores(self, on_train: Tensor, on_others: Tensor, on_made: Tensor) -> dict[str, Tensor]:
        found = {
            "auc_rf": signals.rank(on_train, on_made),
            "spread": torch.cat([on_train, on_made]).std(),
        }
        if self.probed.objective is not None and self.at_rest is not None:
            real = on_train[torch.arange(len(on_made), device=on_made.device) % len(on_train)]
            pull = signals.generator_pull(self.probed.objective, on_made, real)
            found |= {"gain": pull.mean() / self.at_rest, "gain_eff": signals.effective_share(pull)}
        if self.probed.held_out:
            found["auc_th"] = signals.rank(on_train, on_others)
        if self._other_labels is not None:
            items, right = (self.probed.others, on_others) if self.probed.held_out else (self.probed.train, on_train)
            found["label_auc"] = signals.rank(right, self._scored(items, self._other_labels))
        return found

    def _of_items(self, flat: Tensor) -> dict[str, Tensor]:
        within, across = signals.distances(flat, flat), signals.distances(flat, self._others)
        return {
            "x_mean": signals.mean_gap(flat, self._centre, self._spread),
            "x_pd": signals.pair_distance(within) / self.scale,
            "x_nn": signals.nearest(within).median() / self._neighbour,
            "x_hub": signals.hub(across),
            "x_recall": signals.recall(within, across),
            "x_cov1": across.amin(0).median() / self._neighbour,
        }

    def _of_batches(self, made: Tensor, flat: Tensor, on_train: Tensor, on_made: Tensor) -> dict[str, Tensor]:
        """How much batch normalisation lets samples see of one another."""
        found = {}
        if self.batch_norm_in["discriminator"]:
            labels = self.probed.labels
            both = None if labels is None else torch.cat([labels[0], self._made_labels(len(made))])
            together = self._scored(torch.cat([self.probed.train, made]), both)[: len(on_train)]
            spread = torch.cat([on_train, on_made]).std()
            found["batch_dep"] = (together - on_train).abs().mean() / spread
        if self.batch_norm_in["generator"]:
            trained = self._made_as_trained(flat)
            with _evaluating(self.probed.generator):
                evaluated = self._flat(self._made(len(trained)))
            found["bn_gap_G"] = signals.moved(trained, evaluated, self.scale)
        return found

    # Networks

    def _made(self, count: int) -> Tensor:
        beside = () if self.probed.labels is None else (self._made_labels(count),)
        return self._in_parts(self.probed.generator, self.probed.latents[:count], *beside)

    def _made_as_trained(self, flat: Tensor) -> Tensor:
        """Some of the samples, made in batches of the run's size: statistics of two are not those of a hundred."""
        batch, few = self.probed.batch, self.probed.followed
        if not 0 < batch < len(flat):
            return flat[:few]
        places = torch.arange(max(batch, few // batch * batch), device=flat.device).split(batch)
        labels = [] if self.probed.labels is None else [self._made_labels(len(flat))]
        made = [
            self._flat(_called(self.probed.generator, *(each[place] for each in (self.probed.latents, *labels))))
            for place in places
        ]
        return torch.cat(made)[:few]

    def _made_labels(self, count: int) -> Tensor:
        assert self.probed.labels is not None
        labels = self.probed.labels[0]
        return labels[torch.arange(count, device=labels.device) % len(labels)]

    def _scores(self, made: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """D on the training items, on the others, and on what was made."""
        probed = self.probed
        sides = [probed.train, probed.others, made.to(probed.train.dtype)]
        beside = None if probed.labels is None else [*probed.labels, self._made_labels(len(made))]
        if probed.joint:
            scores = self._scored(torch.cat(sides), None if beside is None else torch.cat(beside))
            train, others, fake = scores.split([len(side) for side in sides])
            return train, others, fake
        train, others, fake = (
            self._scored(side, None if beside is None else beside[place]) for place, side in enumerate(sides)
        )
        return train, others, fake

    def _scored(self, items: Tensor, labels: Tensor | None) -> Tensor:
        scores = self._in_parts(self.probed.discriminator, items, *(() if labels is None else (labels,)))
        return scores if scores.dim() == 1 else scores.flatten(1).mean(1)

    def _in_parts(self, network: nn.Module, *inputs: Tensor) -> Tensor:
        """What a network makes of so many samples, large ones a power of two at a time."""
        size = 2 ** int(math.log2(max(8, _CALL // self.probed.others[0].numel())))
        if len(inputs[0]) <= size:
            return _called(network, *inputs)
        return torch.cat([_called(network, *part) for part in zip(*(each.split(size) for each in inputs), strict=True)])

    def _flat(self, items: Tensor) -> Tensor:
        flat = items.detach().flatten(1).float()
        return flat if self._coordinates is None else flat[:, self._coordinates]

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """Inside, nothing asks for gradients, and what is drawn is drawn from a seed of its own."""
        device = self.probed.latents.device
        of_device = {"cuda": torch.cuda, "mps": torch.mps}.get(device.type)
        states = torch.get_rng_state(), of_device.get_rng_state() if of_device is not None else None
        try:
            torch.default_generator.manual_seed(_SEED)
            if of_device is not None:
                of_device.manual_seed(_SEED)
            with torch.no_grad():
                yield
        finally:
            torch.set_rng_state(states[0])
            if of_device is not None and states[1] is not None:
                of_device.set_rng_state(states[1])


def _called(network: nn.Module, *inputs: Tensor) -> Tensor:
    """What the network makes of the inputs at copies of its buffers, which a call in training mode moves."""
    buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}
    return functional_call(network, buffers, inputs) if buffers else network(*inputs)


def _thinned(parameter: Tensor) -> Tensor:
    flat = parameter.detach().flatten()
    return flat[:: max(1, -(-len(flat) // _NUMBERS))]


def _normalises(network: nn.Module) -> bool:
    return any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in network.modules())


@contextmanager
def _evaluating(network: nn.Module) -> Iterator[None]:
    """Inside, the network is in evaluation mode; afterwards each of its modules is in the mode that it was in."""
    training = [module for module in network.modules() if module.training]
    try:
        network.eval()
        yield
    finally:
        for module in training:
            module.training = True
