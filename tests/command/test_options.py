"""Options that several verbs have, and what they wait less for."""

import argparse
import gc

import pytest

from saddlepoint.command.options import add_latent_options, add_step_option
from saddlepoint.command.uncollected import uncollected


def test_what_is_chosen_of_latents_is_none_where_it_was_not_given() -> None:
    parser = argparse.ArgumentParser()
    add_latent_options(parser)
    add_step_option(parser)
    assert vars(parser.parse_args([])) == dict.fromkeys(["label", "truncation", "standing", "step"])
    given = parser.parse_args(["--label", "3", "--truncation", "0.5", "--standing", "16", "--step", "2"])
    assert vars(given) == {"label": "3", "truncation": 0.5, "standing": 16, "step": 2}


def test_garbage_is_collected_again_after_an_import_that_failed() -> None:
    with pytest.raises(ImportError), uncollected():
        assert not gc.isenabled()
        raise ImportError
    assert gc.isenabled()
