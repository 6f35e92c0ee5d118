"""Corrections: what is done to the field before a step follows it.

An algorithm of the literature is a composition: a correction, a turn, an optimizer for each player.
"""

from saddlepoint.game.corrections.competitive import Competitive
from saddlepoint.game.corrections.consensus import Consensus
from saddlepoint.game.corrections.correction import STRENGTH, Correction, Plain, State
from saddlepoint.game.corrections.lola import Lola
from saddlepoint.game.corrections.look_ahead import Extragradient, PastExtragradient
from saddlepoint.game.corrections.optimistic import Optimistic
from saddlepoint.game.corrections.symplectic import SymplecticAdjustment

CORRECTIONS: dict[str, type[Correction]] = {
    "plain": Plain,
    "extragradient": Extragradient,
    "past_extragradient": PastExtragradient,
    "optimistic": Optimistic,
    "consensus": Consensus,
    "symplectic": SymplecticAdjustment,
    "competitive": Competitive,
    "lola": Lola,
}

__all__ = ["CORRECTIONS", "STRENGTH", "Correction", "Plain", "State"]
