"""Options that several verbs have."""

import argparse

DEVICES = ("auto", "cpu", "cuda", "mps")


def add_latent_options(parser: argparse.ArgumentParser) -> None:
    """What is chosen of latents, wherever images are made of them: label, truncation, standing statistics."""
    parser.add_argument("--label", metavar="L", help="a class, by name or number")
    parser.add_argument(
        "--truncation",
        type=float,
        metavar="T",
        help="draw each number of a normal z from [-T, T]; with batch normalisation add --standing 16",
    )
    parser.add_argument(
        "--standing",
        type=int,
        metavar="N",
        help="first gather the statistics of batch normalisation anew, over N batches of such latents",
    )


def add_step_option(parser: argparse.ArgumentParser) -> None:
    """Which checkpoint of a run."""
    parser.add_argument("--step", type=int, metavar="N", help="of the checkpoint (default: the newest)")
