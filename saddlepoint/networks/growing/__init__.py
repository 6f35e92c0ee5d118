"""Networks that begin with what a smaller one of the same family has learnt: half as large, or narrower.

    n(x) = s(x)   at the start, where the family's new levels can hand a picture on; else what fits is taken

Two things make a network larger, and each is one file: more channels (`widening`), and more levels between the inner
maps and the image (`levels`). What is inside stays inside: a generator's layers are counted from z on, a
discriminator's from the score back. (Karras et al. 2018 grow so, and fade new levels in; here nothing is faded, for the
new levels begin as plain doubling and halving, in the manner of Chen, Goodfellow and Shlens, "Net2Net", 2016.)
"""

from saddlepoint.networks.growing.grow import WIDTHS, Grown, grow, levels_between

__all__ = ["WIDTHS", "Grown", "grow", "levels_between"]
