"""Objectives: expression trees, their printers, and the games made of them.

The printers to torch and sympy stand in `to_torch` and `to_sympy`, which alone import those libraries. A further
objective is its formulas in `members`; a further function of D is one of `tree.FUNCTIONS`, with a rule in each printer.
"""

from saddlepoint.objectives.base import Objective
from saddlepoint.objectives.paired import Paired
from saddlepoint.objectives.parser import parse
from saddlepoint.objectives.selection import as_text, catalogue, objective, variables
from saddlepoint.objectives.separable import IDENTITY, SIGMOID, Separable
from saddlepoint.objectives.tree import D, Tree

__all__ = [
    "IDENTITY",
    "SIGMOID",
    "D",
    "Objective",
    "Paired",
    "Separable",
    "Tree",
    "as_text",
    "catalogue",
    "objective",
    "parse",
    "variables",
]
