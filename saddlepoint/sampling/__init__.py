"""Sampling: what can be had from a trained generator.

A further way to choose latents goes into `latents`, a further way to lay images out into `pictures` or `films`.
"""
