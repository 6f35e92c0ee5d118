"""What is true of all features that a text can name: a record of how, and numbers of each image alone."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.metrics.features import Features, collect, open_features
from saddlepoint.metrics.features.opening import WITH_FILE, WITHOUT_FILE
from tests.laws.members import check_reached
from tests.metrics.features.published import dinov2_shapes, inception_shapes, random_weights, vgg19_shapes

SHAPES = {
    "inception": inception_shapes,
    "inception-clean": inception_shapes,
    "dinov2": dinov2_shapes,
    "vgg19": vgg19_shapes,
}
NETWORKS = sorted(WITH_FILE)
IMAGES = [name for name in (*WITHOUT_FILE, *NETWORKS) if name != "points"]
networks = pytest.mark.parametrize("name", NETWORKS)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """One file of random weights for each network, half of them safetensors."""
    folder, written = tmp_path_factory.mktemp("weights"), {}
    for shapes in dict.fromkeys(SHAPES.values()):
        written[shapes] = folder / f"{shapes.__name__}.weights"
        save = safetensors.torch.save_file if shapes is inception_shapes else torch.save
        save(random_weights(shapes()), written[shapes])
    yield {name: written[shapes] for name, shapes in SHAPES.items()}
    # Hundreds of megabytes, which pytest would keep for three runs.
    for path in written.values():
        path.unlink()


@pytest.fixture(scope="module")
def features(files: dict[str, Path]) -> dict[str, Features]:
    opened = {name: open_features(f"{name}:{files[name]}") for name in NETWORKS}
    return {**opened, **{name: open_features(name) for name in WITHOUT_FILE}}


def pictures(count: int, channels: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, channels, 18, 21), generator=generator, dtype=torch.uint8)


def test_every_file_is_reached():
    reached = {open_features(name).vectors.__module__ for name in WITHOUT_FILE}
    reached.add(WITHOUT_FILE["efficientnet-lite0"].__module__)
    reached |= {getattr(function, "func", function).__module__ for function in WITH_FILE.values()}
    folder = "saddlepoint.metrics.features"
    check_reached(
        "metrics.features",
        reached,
        {
            f"{folder}.features": "the interface; tested in tests/metrics/features/test_features.py",
            f"{folder}.opening": "the dictionary, from text to features",
            f"{folder}.preparation": "filters and ranges; tested in tests/metrics/features/test_preparation.py",
            f"{folder}.weights": "reading files; tested in tests/metrics/features/test_weights.py",
        },
    )
    assert set(SHAPES) == set(WITH_FILE)


@networks
def test_the_record_says_network_weights_filter_range_and_library(
    name: str, features: dict[str, Features], files: dict[str, Path]
):
    about = features[name].about
    assert {"network", "weights", "channels", "resize", "values", "reference", "torch"} <= set(about)
    assert about["weights"]["sha256"] == hashlib.sha256(files[name].read_bytes()).hexdigest()
    assert about["weights"]["published"] is (None if name == "dinov2" else False)
    assert features[name].name == name


@pytest.mark.parametrize("name", IMAGES)
def test_a_row_belongs_to_its_image_alone_and_files_change_nothing(name: str, features: dict[str, Features]):
    given = pictures(2)
    before = given.clone()
    both = collect(features[name], [given])
    assert torch.equal(given, before)
    one = collect(features[name], [given[1:].float() / 255])
    torch.testing.assert_close(torch.from_numpy(both[1:]), torch.from_numpy(one), rtol=1e-3, atol=1e-4)
    # Histograms of 18 x 21 pixels: 8 directions in 4 x 4 cells.
    width = {"pixels": given[0].numel(), "hog": 8 * 4 * 4}.get(name, features[name].dimensions)
    assert both.shape == (2, width) and (both[0] != both[1]).any()


@networks
def test_grey_is_repeated_and_alpha_dropped(name: str, features: dict[str, Features]):
    grey, alpha = pictures(1, 1), torch.cat([pictures(1, 1).repeat(1, 3, 1, 1), pictures(1, 1)], dim=1)
    first, second = (torch.from_numpy(collect(features[name], [each])) for each in (grey, alpha))
    torch.testing.assert_close(first, second, rtol=1e-3, atol=1e-4)
    with pytest.raises(UserError, match="1, 3 or 4 channels"):
        collect(features[name], [pictures(1, 2)])


@networks
def test_another_networks_file_is_refused(name: str, files: dict[str, Path]):
    other = files["vgg19" if name != "vgg19" else "dinov2"]
    with pytest.raises(UserError, match=r"^got .*published at https://.*--features hog"):
        open_features(f"{name}:{other}")
