"""docs/speed.md's table of training speed, from the recorded figures: `python -m benchmarks.speed_page`.

Only what stands between the two markers is written; where the page has none, they are added at its end.
"""

from typing import Any

from benchmarks.record import FOLDER, default_path, read
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
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else "# Speed\n"
    write_whole(PAGE, placed(page, "\n\n".join(filter(None, parts))).encode())


def _three(number: float) -> str:
    """Three digits, or all before the point."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


if __name__ == "__main__":
    write()
