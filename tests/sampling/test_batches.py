"""Samples are made so many at once, always; labels come in turn."""

import torch

from saddlepoint.game.task import Request
from saddlepoint.sampling.batches import AT_ONCE, batches, labels_in_turn

CPU = torch.device("cpu")


def test_every_call_has_a_whole_batch_and_the_last_one_is_filled_up() -> None:
    sizes: list[int] = []

    def sample(request: Request) -> torch.Tensor:
        sizes.append(len(request))
        return request["z"] * 2

    for count in (1, AT_ONCE, AT_ONCE + 5):
        z = torch.arange(count).float()[:, None]
        made = [*batches(sample, Request(tensors={"z": z}), CPU)]
        assert torch.equal(torch.cat(made), 2 * z) and set(sizes) == {AT_ONCE}
        assert [len(each) for each in made[:-1]] == [AT_ONCE] * (len(made) - 1)


def test_what_a_request_holds_goes_together() -> None:
    request = Request(tensors={"z": torch.rand(3, 2), "labels": labels_in_turn(3, 2)})
    assert len(request) == 3 and request.get("source") is None
    chosen = request.rows(torch.tensor([2, 0])).to(CPU)
    assert chosen["labels"].tolist() == [0, 0] and torch.equal(chosen["z"], request["z"][[2, 0]])
