"""The tables of docs/speed.md, from the recorded figures: `python -m benchmarks.speed_page`.

Only what stands between the two markers is written; where the page has none, they are added at its end.
"""

from collections.abc import Sequence
from statistics import mean, stdev
from typing import Any

from benchmarks.record import DIAGNOSIS_COST, FOLDER, QUALITY, default_path, read
from saddlepoint.files import write_whole

PAGE = FOLDER.parent / "docs" / "speed.md"
BEGIN = "<!-- figures: written by `python -m benchmarks.speed_page` from benchmarks/results*.json -->"
END = "<!-- end of the figures -->"
HEADER = (
    "| row | batch | images/s | reference | ratio | range | GF/s | of the peak | peak memory, MB | reference |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


def line(row: dict[str, Any]) -> str:
    """One row as a line of the table."""
    low, high = row["ratio_range"]
    return (
        f"| {row['name']} | {row['batch']} | {_three(row['images_per_s'])} | {_three(row['reference_images_per_s'])} "
        f"| {row['ratio']:.2f} | {low:.2f} to {high:.2f} | {_three(row['gflops'])} | {row['fraction_of_peak']:.1%} "
        f"| {row['peak_memory_mb']:,.0f} | {row['reference_peak_memory_mb']:,.0f} |"
    )


def figures(recorded: dict[str, Any]) -> str:
    """A device's part of the page; empty where nothing is recorded."""
    parts = (
        _training(recorded),
        _profile(recorded.get("profile", {})),
        _scaling(recorded.get("scaling", {})),
        _startup(recorded.get("startup", {})),
    )
    return "\n\n".join(filter(None, parts))


def _training(recorded: dict[str, Any]) -> str:
    if not recorded.get("training"):
        return ""
    machine = recorded["machine"]
    name = machine["processor"] if machine["device"] == "cpu" else machine["device"]
    about = (
        f"{name}, {machine['threads']} threads, torch {machine['torch']}; matrix product at N = "
        f"{machine['product_size']}: {machine['float32_gflops']:,.0f} GF/s in float32, "
        f"{machine['bfloat16_gflops']:,.0f} in bfloat16. `{recorded['command']}`, {recorded['date'][:10]}."
    )
    return "\n".join([about, "", HEADER, *(line(row) for row in recorded["training"])])


def _profile(profile: dict[str, Any]) -> str:
    """A line for each side of a row: what share of its time each kind of operation has."""
    if not profile:
        return ""
    kinds = list(profile["rows"][0]["ours"]["shares"])
    lines = [f"| where the time goes | ms an iteration | {' | '.join(kinds)} |", "|---" * (2 + len(kinds)) + "|"]
    for row in profile["rows"]:
        for side in ("ours", "reference"):
            shares = " | ".join(f"{row[side]['shares'][kind]:.0%}" for kind in kinds)
            lines.append(f"| {row['name']}, {side} | {_three(row[side]['ms'])} | {shares} |")
    about = f"`{profile['command']}`: products are convolutions and linear layers, outside is Python."
    return "\n".join([*lines, "", about])


def _quality(recorded: dict[str, Any]) -> str:
    """Runs with all fast paths beside runs with none."""
    if not recorded:
        return ""
    about = (
        f"**Quality does not pay for it.** `{recorded['command']}` ({recorded['machine']}; {recorded['date'][:10]}): "
        "toy to its end, mnist for 2,500 of its 5,000 steps, distances in the classifier's features from MNIST's test "
        "split. All: bfloat16 and shared draws also where the recipe alone would not take them; none: float32, draws "
        "of its own for each step, and every switch of the first table off. Mean and standard deviation over the seeds:"
    )
    return "\n".join([about, "", *quality_table(recorded["runs"])])


def quality_table(runs: Sequence[dict[str, Any]]) -> list[str]:
    """The runs of `benchmarks.quality` as lines of a table: each metric of each recipe, both ways."""
    lines = ["| recipe | metric | seeds | all fast paths | none | difference | spread of the seeds |", "|---" * 7 + "|"]
    for recipe in dict.fromkeys(run["recipe"] for run in runs):
        both = {way: [r for r in runs if r["recipe"] == recipe and r["way"] == way] for way in ("all", "none")}
        seeds = set.intersection(*({r["seed"] for r in rows} for rows in both.values()))
        if len(seeds) < 2:
            continue
        for metric in both["all"][0]["values"]:
            values = {way: [r["values"][metric] for r in rows if r["seed"] in seeds] for way, rows in both.items()}
            means, spreads = ({way: f(each) for way, each in values.items()} for f in (mean, stdev))
            lines.append(
                f"| {recipe} | {metric} | {len(seeds)} | {means['all']:.3g} ± {spreads['all']:.2g} "
                f"| {means['none']:.3g} ± {spreads['none']:.2g} | {means['all'] - means['none']:+.2g} "
                f"| {max(spreads.values()):.2g} |"
            )
    return lines


def cost_of_diagnosis(recorded: dict[str, Any]) -> str:
    """What the looks of the diagnosis take beside training."""
    if not recorded:
        return ""
    about = (
        "**What the diagnosis costs.** `python -m benchmarks.diagnosis_cost`: processor time of its looks over that "
        f"of the training beside them, of one run, on one thread ({recorded['date'][:10]}): medians and ranges."
    )
    header = ["| setting | ms an iteration | first 1,000 steps | range | later | range |", "|---" * 6 + "|"]
    return "\n".join([about, "", *header, *(cost_line(row) for row in recorded["rows"])])


def cost_line(row: dict[str, Any]) -> str:
    """One setting as a line of that table."""
    parts = []
    for name in ("early", "later"):
        low, high = row[f"{name}_range"]
        parts.append(f"{row[name]:.1%} | {low:.1%} to {high:.1%}")
    return f"| {row['name']} | {_three(row['iteration_ms'])} | {' | '.join(parts)} |"


def _scaling(scaling: dict[str, Any]) -> str:
    tables = []
    for part in [part for part in ("batch", "size", "width") if part in scaling]:
        lines = [f"| {part} | images/s | peak memory, MB |", "|---|---|---|"]
        for row in scaling[part]["rows"]:
            lines.append(f"| {row[part]} | {_three(row['images_per_s'])} | {row['peak_memory_mb']:,.0f} |")
        tables.append("\n".join(lines))
    if "items" in scaling:
        lines = ["| images, mapped | ms a batch of 64 | slowest, ms | own memory, MB |", "|---|---|---|---|"]
        for row in scaling["items"]["rows"]:
            times = [_three(1e3 * row[name]) for name in ("seconds_per_batch", "slowest_batch")]
            lines.append(f"| {row['items']:,} | {' | '.join(times)} | {row['own_memory_mb']:,.1f} |")
        tables.append("\n".join(lines))
    return "\n\n".join(tables)


def _startup(startup: dict[str, Any]) -> str:
    if not startup:
        return ""
    lines = [f"| `{row['command']}` | {row['seconds']:.2f} |" for row in startup["rows"]]
    return "\n".join(["| command | s |", "|---|---|", *lines])


def placed(page: str, content: str) -> str:
    """The page with the content between its markers."""
    if BEGIN not in page:
        page = f"{page.rstrip()}\n\n{BEGIN}\n{END}\n".lstrip()
    before, _, rest = page.partition(BEGIN)
    _, found, after = rest.partition(END)
    assert found, f"{PAGE.name} has the first marker without the second"
    return f"{before}{BEGIN}\n{content}\n{END}{after}"


def write() -> None:
    """Writes the recorded figures into the page, which is made if it is not there."""
    parts = [figures(read(default_path(device))) for device in ("cpu", "cuda")]
    parts += [_quality(read(QUALITY)), cost_of_diagnosis(read(DIAGNOSIS_COST))]
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else "# Speed\n"
    write_whole(PAGE, placed(page, "\n\n".join(filter(None, parts))).encode())


def _three(number: float) -> str:
    """Three digits, or all before the point."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


if __name__ == "__main__":
    write()
