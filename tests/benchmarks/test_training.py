"""The benchmark of training speed: its sides run and answer, operations are counted right, figures become a page."""

import dataclasses
import shutil
import sys

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import profile, quality, scaling, speed_page, startup, training
from benchmarks.record import merged, read, record
from benchmarks.rows import ROWS, Row, recipe_of
from benchmarks.turns import Side, compared, interleaved
from benchmarks.work import forward_operations, operations_per_image
from saddlepoint.networks import Dcgan, Resnet
from saddlepoint.recipes.specification import Training

BY_NAME = {row.name: row for row in ROWS}
TINY = dataclasses.replace(
    BY_NAME["mlp-28"], batch=4, changes=("networks.width=8", "training.threads=1"), options={"width": 8}
)


def test_both_sides_take_turns_in_processes_of_their_own():
    found = interleaved(TINY, ("ours", "reference"), device="cpu", seconds=0.02, rounds=2, warm_up=0.02)
    for side in found.values():
        assert len(side["images_per_s"]) == 2 and min(side["images_per_s"]) > 0.0
        assert 0.0 < side["peak_memory_mb"] < 1000.0
    row = compared(TINY, found, 1e6, 10.0)
    assert row["gflops"] == pytest.approx(row["images_per_s"] * 1e-3)
    assert row["fraction_of_peak"] == pytest.approx(row["gflops"] / 10.0)


def test_a_side_that_fails_says_which(monkeypatch):
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(RuntimeError, match="mlp-28, ours ended"), Side("ours", TINY, "cpu", 0.0) as side:
        side.answer()


def test_ratios_are_medians_of_rounds():
    found = {
        "ours": {"images_per_s": [10.0, 20.0, 90.0], "peak_memory_mb": 1.0},
        "reference": {"images_per_s": [10.0, 5.0, 10.0], "peak_memory_mb": 2.0},
    }
    row = compared(BY_NAME["dcgan-64"], found, 2e9, 100.0)
    assert (row["images_per_s"], row["reference_images_per_s"], row["ratio"]) == (20.0, 10.0, 4.0)
    assert row["ratio_range"] == [1.0, 9.0] and row["fraction_of_peak"] == pytest.approx(0.4)


@pytest.mark.parametrize("pair", [Dcgan(width=8), Resnet(width=8, discriminator_width=8)], ids=["dcgan", "resnet"])
def test_forward_operations_are_those_of_torchs_own_counter(pair):
    with torch.device("meta"):
        generator, discriminator = pair.build((3, 32, 32))
        given = {generator: torch.zeros(2, pair.latent), discriminator: torch.zeros(2, 3, 32, 32)}
    for network, inputs in given.items():
        with FlopCounterMode(display=False) as counter:
            network(inputs)
        assert forward_operations(network, inputs) == counter.get_total_flops() > 0


@pytest.mark.parametrize(
    ("name", "operations"),
    [
        # Both steps share one forward pass through G.
        ("dcgan-64", 3 * 1.0 + 8 * 10.0),
        # G's batch is double, and there is one of its steps for five of D's.
        ("sngan-32", 1.0 + 6 * 10.0 + 2 * (3 * 1.0 + 2 * 10.0) / 5),
        ("r3gan-32", 4 * 1.0 + 15 * 10.0),
        ("srresnet", 3 * 1.0),
    ],
)
def test_passes_of_an_iteration(name, operations):
    assert operations_per_image(recipe_of(BY_NAME[name]), 1.0, 10.0) == pytest.approx(operations)


def test_a_row_survives_json():
    for row in ROWS:
        assert Row.from_json(row.to_json()) == row


def test_measured_parts_replace_only_themselves(tmp_path):
    path = tmp_path / "results.json"
    record(path, startup={"rows": [1]})
    record(path, training=[{"name": "b", "x": 1}, {"name": "a", "x": 1}])
    rows = merged(read(path)["training"], [{"name": "b", "x": 2}], ["a", "b", "c"])
    record(path, training=rows)
    found = read(path)
    assert found["startup"] == {"rows": [1]} and found["training"] == [{"name": "a", "x": 1}, {"name": "b", "x": 2}]


def test_the_page_keeps_what_stands_around_the_figures():
    page = speed_page.placed("# Speed\n\nText.\n", "one")
    assert page.startswith("# Speed\n\nText.\n") and page.count("one") == 1
    changed = speed_page.placed(page + "\nMore.\n", "two")
    assert "one" not in changed and changed.index("two") < changed.index("More.")
    assert changed.startswith("# Speed\n\nText.\n") and changed.count(speed_page.BEGIN) == 1


def test_the_table_has_a_line_for_each_row(tmp_path, monkeypatch):
    found = {side: {"images_per_s": [2.0], "peak_memory_mb": 3.0} for side in ("ours", "reference")}
    machine = {"float32_gflops": 50.0, "bfloat16_gflops": 100.0}
    answers = {"benchmarks.machine": machine, "benchmarks.work": {row.name: 1e9 for row in ROWS}}
    monkeypatch.setattr(training, "asked", lambda module, *arguments: answers[module])
    monkeypatch.setattr(training, "interleaved", lambda row, sides, **options: found)
    out = tmp_path / "results.json"
    assert training.main(["--out", str(out)]) == 0
    recorded = read(out)
    assert [row["name"] for row in recorded["training"]] == list(BY_NAME)
    wanted = {"images_per_s", "reference_images_per_s", "ratio", "gflops", "fraction_of_peak", "peak_memory_mb"}
    assert all(wanted <= row.keys() and row["fraction_of_peak"] == 0.02 for row in recorded["training"])
    about = {"processor": "x", "device": "cpu", "threads": 2, "torch": "2", "product_size": 4096}
    lines = speed_page.figures({**recorded, "machine": {**machine, **about}}).splitlines()
    assert [line.split(" | ")[0] for line in lines[-len(ROWS) :]] == [f"| {row.name}" for row in ROWS]
    assert speed_page.figures({}) == ""


def test_cost_and_waits_have_tables():
    scaling_ = {
        "batch": {"rows": [{"batch": 16, "images_per_s": 1234.0, "peak_memory_mb": 5.0}]},
        "items": {"rows": [{"items": 1000, "seconds_per_batch": 1e-3, "slowest_batch": 2e-3, "own_memory_mb": 1.0}]},
    }
    page = speed_page.figures({"scaling": scaling_, "startup": {"rows": [{"command": "--help", "seconds": 0.15}]}})
    assert {"| 16 | 1,234 | 5 |", "| 1,000 | 1 | 2 | 1.0 |", "| `--help` | 0.15 |"} <= set(page.splitlines())


def test_a_mapped_data_set_is_measured():
    found = scaling.drawn(300)
    assert found["items"] == 300 and 0.0 < found["seconds_per_batch"] <= found["slowest_batch"]


@pytest.mark.parametrize("part", ["batch", "size", "width"])
def test_what_grows_is_in_the_recipe(part):
    for number, row in scaling.runs(part).items():
        recipe = recipe_of(row)
        found = {"batch": recipe.training.batch, "size": row.shape[1], "width": getattr(recipe.networks, "width", 0)}
        assert found[part] == number


def test_every_verb_is_started(tmp_path):
    assert {"train", "sample", "doctor"} <= set(startup.verbs())
    assert {f"{verb} --help" for verb in startup.verbs()} <= startup.waits(tmp_path, tmp_path).keys()
    assert startup.answered("--help") > 0.0
    with pytest.raises(RuntimeError, match="ended with 2"):
        startup.answered("nothing")


def test_a_profile_shares_out_the_time_of_both_sides():
    for side in ("ours", "reference"):
        found = profile.profiled(TINY, side, "cpu", seconds=0.05)
        assert sum(found["shares"].values()) == pytest.approx(1.0, abs=0.05)
        assert found["shares"]["products"] > 0 and found["ms"] > 0


def test_operations_have_kinds():
    kinds = {"aten::mkldnn_convolution": "products", "aten::native_batch_norm": "normalisation", "aten::mm": "products"}
    kinds |= {"aten::_fused_adam_": "optimizer", "aten::copy_": "copies", "aten::leaky_relu": "maps", "x": "others"}
    assert {name: profile.kind(name) for name in kinds} == kinds


def test_quality_is_compared_over_the_seeds_of_both_ways():
    def run(way, seed, value):
        values = {"frechet_distance": value}
        return {"recipe": "mnist", "way": way, "seed": seed, "values": values}

    runs = [run("all", 0, 1.0), run("all", 1, 3.0), run("none", 0, 2.0), run("none", 1, 2.5), run("all", 2, 99.0)]
    (line,) = speed_page.quality_table(runs)[2:]
    # A seed that one way alone has seen does not count.
    assert line == "| mnist | frechet_distance | 2 | 2 ± 1.4 | 2.25 ± 0.35 | -0.25 | 1.4 |"
    assert quality.NONE.keys() <= {f"training.{name}" for name in Training.model_fields}
