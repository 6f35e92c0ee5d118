"""Densities on the line and on atoms: divergences of two of them, entropies, and the density of x = G(z).

An identity is written once, in `divergence`, for whatever offers an expectation and a logarithm of its density.
"""
