"""What compiles nothing does not import the compiler; and the compiler finds torch as if nothing had been done."""

import subprocess
import sys

import pytest
import torch

from saddlepoint.game.fast import uncompiled
from saddlepoint.game.fast.uncompiled import undecorated_step

PREPARED = """
import gc, sys
import torch
from saddlepoint.game.fast import uncompiled
from saddlepoint.game.fast.uncompiled import keep_compiler_out, undecorated_step

def stand_ins():
    return sum(getattr(function, "__dynamo_disable", None) is function for function in uncompiled._waiting())
"""
STEP = """
def player():
    torch.manual_seed(0)
    layer = torch.nn.Linear(3, 2)
    return layer, torch.optim.Adam(layer.parameters(), lr=0.1, fused=True)

inputs = torch.ones(4, 3)
layer, optimizer = player()
layer(inputs).square().sum().backward()
undecorated_step(optimizer, False)
optimizer.zero_grad()
torch.ones(3, device="meta") @ torch.ones(3, device="meta")
assert "torch._dynamo" not in sys.modules, "the compiler was imported"
"""
COMPILED = """
before = stand_ins()
other, other_optimizer = player()

@torch.compile(backend="eager")
def whole_step(images):
    other(images).square().sum().backward()
    other_optimizer.step()

whole_step(inputs)
assert before > 0 and stand_ins() == 0, (before, stand_ins())
assert torch.equal(layer.weight, other.weight)
"""


def _python(text: str) -> None:
    done = subprocess.run([sys.executable, "-c", PREPARED + text], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("freezing", ["", "gc.freeze()\n"])
def test_a_step_does_not_import_the_compiler(freezing):
    _python(freezing + "keep_compiler_out()\n" + STEP)


def test_the_compiler_used_later_finds_torch_as_it_was():
    _python("keep_compiler_out()\n" + STEP + COMPILED)


def test_a_compiler_that_was_there_first_is_left_alone():
    _python("import torch._dynamo\nkeep_compiler_out()\nassert stand_ins() == 0")


@pytest.mark.parametrize(
    "torch_is",
    ["del torch._disable_dynamo", "torch._disable_dynamo = lambda function: function", "torch._disable_dynamo = print"],
)
def test_a_torch_that_is_made_otherwise_is_left_alone(torch_is):
    _python(f"{torch_is}\nkeep_compiler_out()\nassert stand_ins() == 0")


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.SGD, torch.optim.RMSprop])
def test_an_undecorated_step_is_the_step(kind):
    ends = []
    for take in (lambda optimizer: optimizer.step(), lambda optimizer: undecorated_step(optimizer, False)):
        weight = torch.arange(4.0, requires_grad=True)
        optimizer = kind([weight], lr=0.1)
        for _ in range(3):
            weight.grad = None
            weight.square().sum().backward()
            take(optimizer)
        assert weight.requires_grad
        ends.append(weight.detach())
    assert torch.equal(*ends)


def test_an_undecorated_step_keeps_its_graph_where_it_is_to():
    leaf = torch.ones(2, requires_grad=True)
    weight = leaf.clone()
    weight.grad = 2 * leaf
    optimizer = torch.optim.SGD([weight], lr=0.1, differentiable=True)
    undecorated_step(optimizer, True)
    (slope,) = torch.autograd.grad(weight.sum(), leaf)
    assert torch.allclose(slope, torch.full((2,), 0.8))


def test_a_step_without_a_decorator_is_taken_as_it_is():
    class Own(torch.optim.SGD):
        hooked = True

        def step(self, closure=None):
            self.taken = True

    optimizer = Own([torch.ones(1, requires_grad=True)])
    undecorated_step(optimizer, False)
    assert optimizer.taken


def test_something_waits_in_this_torch():
    """If torch comes to be made otherwise, the second that was saved is lost again: this test then says so."""
    assert "torch._dynamo" in sys.modules or len(list(uncompiled._waiting())) > 20
