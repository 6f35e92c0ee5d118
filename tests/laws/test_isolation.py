"""Tests depend on nothing outside: the network is refused, and torch has one thread, whatever the machine offers."""

import os
import socket

import hypothesis
import pytest
import torch


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_the_network_is_refused(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as connection, pytest.raises(OSError, match="do not use the network"):
        connection.connect((address, 80))


def test_this_machine_itself_is_reachable():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as connection:
        connection.connect(server.getsockname())


def test_one_thread_here_and_in_child_processes():
    assert torch.get_num_threads() == 1
    assert os.environ["OMP_NUM_THREADS"] == "1"


def test_hypothesis_draws_the_same_examples_each_time():
    assert hypothesis.settings().derandomize
