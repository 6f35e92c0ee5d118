"""Sampling: what can be had from a trained generator."""
