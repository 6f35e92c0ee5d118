"""Conformance: the exact numbers of the theory, measured on the trainer's own pieces."""
