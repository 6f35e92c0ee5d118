"""Weights from a user's file: both kinds of file, the record, and everything that is refused."""

import hashlib
import zipfile
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.metrics.features.weights import Published, fill, read_weights

PUBLISHED = Published(file="net.pth", url="https://example.org/net.pth", ignored=("classifier.",))
RAN = []


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))


class Runs:
    """Unpickling an instance runs a function."""

    def __reduce__(self) -> Any:
        return RAN.append, (1,)


def weights() -> dict[str, Tensor]:
    torch.manual_seed(0)
    found = {name: torch.randn(value.shape) for name, value in Net().state_dict().items() if value.ndim}
    return {**found, "body.1.running_var": torch.rand(4), "body.1.num_batches_tracked": torch.tensor(7)}


def loaded(path: Path, published: Published = PUBLISHED) -> Net:
    tensors, _ = read_weights(path, published)
    return fill(Net, tensors, path, published)


def saved(path: Path, state: Any, kind: str = "zip") -> Path:
    if kind == "safetensors":
        safetensors.torch.save_file(state, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=kind == "zip")
    return path


@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
# What is in a file is told by its first bytes.
@pytest.mark.parametrize("name", ["net.pth", "net.safetensors", "net"])
def test_both_kinds_of_file_come_back_to_the_bit(tmp_path: Path, kind: str, name: str):
    state = weights()
    network = loaded(saved(tmp_path / name, state, kind))
    for key, value in network.state_dict().items():
        assert key.endswith("num_batches_tracked") or torch.equal(value, state[key]), key
    assert not network.training and not any(parameter.requires_grad for parameter in network.parameters())
    assert torch.isfinite(network.body(torch.rand(1, 3, 8, 8))).all()


@pytest.mark.parametrize("kind", ["zip", "safetensors"])
def test_old_files_half_precision_and_a_classifier_beside_the_features_are_read(tmp_path: Path, kind: str):
    state = {name: value.half() for name, value in weights().items() if not name.endswith("tracked")}
    state["classifier.0.weight"] = torch.zeros(2, 2)
    network = loaded(saved(tmp_path / "net.pth", state, kind))
    assert torch.equal(network.state_dict()["body.0.weight"], state["body.0.weight"].float())
    assert all(parameter.dtype == torch.float32 for parameter in network.parameters())


def test_parameters_with_a_graph_are_read(tmp_path: Path):
    state = {n: nn.Parameter(v) if v.is_floating_point() else v for n, v in weights().items()}
    assert not loaded(saved(tmp_path / "net.pth", state)).state_dict()["body.0.weight"].requires_grad


def test_the_record_holds_the_hash_and_whether_it_is_the_published_one(tmp_path: Path):
    path = saved(tmp_path / "net.pth", weights())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    stated = {None: None, digest[:8]: True, "0" * 8 if digest[0] != "0" else "1" * 8: False}
    for prefix, expected in stated.items():
        _, about = read_weights(path, Published(file="net.pth", url="https://example.org", sha256=prefix))
        assert about == {"weights": {"file": "net.pth", "sha256": digest, "published": expected}}


def without(name: str) -> dict[str, Tensor]:
    return {key: value for key, value in weights().items() if key != name}


@pytest.mark.parametrize(
    ("state", "complaint"),
    [
        (without("body.0.bias"), "without 'body.0.bias'; expected a tensor of that name, \\(4,\\)"),
        ({**weights(), "body.2.gamma": torch.ones(1)}, "'body.2.gamma' in .*expected no tensor of that name"),
        ({**weights(), "body.0.weight": torch.ones(4, 1, 3, 3)}, r"\(4, 1, 3, 3\) in .*expected \(4, 3, 3, 3\)"),
    ],
)
def test_the_first_name_or_shape_that_is_wrong_is_named(tmp_path: Path, state: dict[str, Tensor], complaint: str):
    with pytest.raises(UserError, match=complaint) as caught:
        loaded(saved(tmp_path / "net.pth", state))
    assert "net.pth, published at https://example.org/net.pth" in str(caught.value)


def test_a_missing_file_is_named_with_where_it_is_published_and_what_to_use_meanwhile(tmp_path: Path):
    for path in (tmp_path / "no.pth", tmp_path):
        with pytest.raises(UserError, match="no file") as caught:
            loaded(path)
        text = str(caught.value)
        assert str(path) in text and "net.pth" in text and "https://example.org/net.pth" in text
        assert "--features hog" in text and "classifier" in text and "\n" not in text


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_is_refused(tmp_path: Path):
    path = tmp_path / "net.pth"
    torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)), path)
    assert zipfile.is_zipfile(path)
    with pytest.raises(
        UserError, match="TorchScript archive, which carries code; expected a state dict or safetensors"
    ):
        loaded(path)


@pytest.mark.parametrize("kind", ["zip", "legacy"])
def test_what_would_run_is_refused_and_does_not_run(tmp_path: Path, kind: str):
    for state in (Net(), {**weights(), "x": Runs()}, Runs()):
        with pytest.raises(UserError, match=r"holds more than tensors or is damaged.*state_dict"):
            loaded(saved(tmp_path / "net.pth", state, kind))
    assert RAN == []


@pytest.mark.parametrize("state", [{"model": weights()}, [torch.ones(1)], torch.ones(1), {0: torch.ones(1)}], ids=type)
def test_what_is_no_flat_dictionary_of_tensors_is_refused(tmp_path: Path, state: Any):
    with pytest.raises(UserError, match="no flat dictionary of tensors"):
        loaded(saved(tmp_path / "net.pth", state))


@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, kind: str, share: float):
    path = saved(tmp_path / "net.pth", weights(), kind)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(UserError, match=r"^got .*damaged.*; expected .*; ."):
        loaded(path)


def test_another_file_is_refused(tmp_path: Path):
    path = tmp_path / "net.pth"
    path.write_text("<html>404: not found</html>")
    with pytest.raises(UserError, match="damaged"):
        loaded(path)
