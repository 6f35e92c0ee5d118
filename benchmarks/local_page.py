"""The tables of docs/decomposition.md, from the recorded figures: `python -m benchmarks.local_page`.

Only what stands between the two markers is written.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks import local_diagnosis, local_verdicts
from benchmarks.record import FOLDER, read
from saddlepoint.files import write_whole

PAGE = FOLDER.parent / "docs" / "decomposition.md"
BEGIN = "<!-- figures: written by `python -m benchmarks.local_page` from benchmarks/local_*.json -->"
END = "<!-- end of the figures -->"
FEW, MORE = str(local_diagnosis.ITEMS), str(local_diagnosis.MORE)
# |formula - J| / |J| at most, of runs that ended well and of others; of a predicted step.
WELL, OTHERWISE, STEP = 0.05, 0.12, 0.05


def figures(found: dict[str, Any], verdicts: dict[str, Any]) -> str:
    """All tables."""
    runs = [row for row in found["runs"] if "failure" not in row]
    catalogue = [row for row in found["catalogue"] if "failure" not in row]
    lost = [row["name"] for part in ("runs", "catalogue") for row in found[part] if "failure" in row]
    machine = found["machine"]
    about = (
        f"`{found['command']}`: seed {found['seed']}, {found['date'][:10]}, {machine['processor']}, one thread, torch "
        f"{machine['torch']}, {found['seconds'] / 60:.0f} minutes of processor time."
        + (f" Left the finite numbers while it trained: {', '.join(lost)}." if lost else "")
    )
    return "\n\n".join(
        [
            about,
            "### The formula",
            f"Errors on {FEW} items of each side, and with each sample's own factors on {int(MORE):,} as well.",
            _errors(runs),
            _within(runs),
            "### What makes the motion",
            "Of the eigenvalue that turns fastest: what each term gives to its real part, below 0 where it damps. The "
            "players' pull on each other gives nearly all of the imaginary part.",
            _parts(runs),
            "### D's next step",
            _steps(runs),
            _predicted([*runs, *catalogue]),
            "### Every objective that has a name",
            f"Nets of 16 units on 8 Gaussians, R1 of 0.3, 500 steps; recorded are {len(found['catalogue'])} of "
            f"{len(local_diagnosis.CATALOGUE)} objectives.",
            _errors(catalogue),
            _within(catalogue),
            "### Verdicts on planted runs",
            _verdicts(verdicts),
        ]
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _errors(rows: Sequence[dict[str, Any]]) -> str:
    head = ["run", "ended", "rest point", "each sample's own", f"on {int(MORE):,}", "and curvature", "verdict"]
    return _table(
        head,
        [
            [
                row["name"],
                "well" if row["outcome"]["well"] else "badly",
                *(_share(_of(row, FEW, name)) for name in ("rest_point", "per_sample")),
                _share(_of(row, MORE, "per_sample")),
                _share(_of(row, FEW, "with_curvature")),
                row["verdict"] + (f", {row['because']}" if row["because"] != "none" else ""),
            ]
            for row in rows
        ],
    )


def _of(row: dict[str, Any], items: str, name: str) -> float | None:
    return (row["errors"][items] or {}).get(name)


def _within(rows: Sequence[dict[str, Any]]) -> str:
    parts = []
    for name, words in (("per_sample", "with each sample's own factors"), ("with_curvature", "with curvature")):
        for well, bar in ((True, WELL), (False, OTHERWISE)):
            chosen = [_of(row, FEW, name) for row in rows if row["outcome"]["well"] == well]
            known = [each for each in chosen if each is not None]
            good = sum(each <= bar for each in known)
            parts.append(f"{words} {good} of {len(known)} that ended {'well' if well else 'badly'} (bar {bar:.0%})")
    return f"Within the bar are {'; '.join(parts)}."


def _parts(rows: Sequence[dict[str, Any]]) -> str:
    names = ("loss", "penalties", "players", "curvature", "penalty_curvature")
    head = [
        "run",
        "eigenvalue",
        "damping",
        *(name.replace("_", " of ").replace("penalty of", "the penalties'") for name in names),
    ]
    return _table(
        head,
        [
            [
                row["name"],
                f"{row['eigenvalue'][0]:.3g} ± {row['eigenvalue'][1]:.3g}i",
                f"{row['damping']:.2f}",
                *(f"{row['parts'][name][0]:+.2g}" if row["parts"][name][0] else "0" for name in names),
            ]
            for row in rows
            if row["parts"] is not None
        ],
    )


def _steps(rows: Sequence[dict[str, Any]]) -> str:
    head = [
        "run",
        "moves D by",
        "error",
        "kernel alone",
        "kernel midway",
        "a share",
        "moves D by",
        "error",
        "plain descent moves D by",
        "error",
    ]
    made = []
    for row in rows:
        own, plain = row["prediction"], row["descent"]
        if own is None or plain is None:
            continue
        made.append(
            [
                row["name"],
                _number(own["moved"]),
                *(_share(own[name]) for name in ("error", "bare_error", "error_with_curvature")),
                f"1/{1 / own['share']:g}",
                _number(own["small_moved"]),
                _share(own["small_error"]),
                _number(plain["small_moved"]),
                _share(plain["small_error"]),
            ]
        )
    return _table(head, made)


def _predicted(rows: Sequence[dict[str, Any]]) -> str:
    told = []
    for key, words in (("prediction", "the run's own steps"), ("descent", "steps of plain descent")):
        for well in (True, False):
            errors = [
                row[key]["small_error"]
                for row in rows
                if row[key] is not None and row[key]["small_error"] is not None and row["outcome"]["well"] == well
            ]
            good = sum(each <= STEP for each in errors)
            told.append(f"{good} of {len(errors)} of {words} in runs that ended {'well' if well else 'badly'}")
    return (
        "A step counts here at the share of it that moves D by less than half its spread. Predicted within "
        f"{STEP:.0%}, runs of the catalogue included: {'; '.join(told)}."
    )


def _verdicts(found: dict[str, Any]) -> str:
    """What the thresholds were chosen on, and runs of seeds that nobody had looked at."""
    chosen, fresh = ([row for row in found["rows"] if _was_looked_at(row) is looked] for looked in (True, False))
    about = f"`python -m benchmarks.local_verdicts RUNS`, {found['date'][:10]}, runs of `benchmarks.diagnosis`"
    return (
        f"{about}: {len(chosen)} that the thresholds were chosen on.\n\n{_counted(chosen)}\n\n"
        f"And {len(fresh)} of seeds that were not looked at before.\n\n{_counted(fresh)}"
    )


def _was_looked_at(row: dict[str, Any]) -> bool:
    return int(row["run"].rsplit(".", 1)[1]) < local_verdicts.CHOSEN_ON


def _counted(rows: list[dict[str, Any]]) -> str:
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        kind = "ended well" if row["well"] else row["planted"].replace("_", " ") or "planted as healthy, ended badly"
        by_kind.setdefault(kind, []).append(row)
    columns = ("right", "undamped", "wrong", "not counted")
    lines = [
        [kind, *(str(sum(row["judged"] == column for row in those)) for column in columns), _listed(those)]
        for kind, those in sorted(by_kind.items())
    ]
    return _table(["runs", *columns, "verdicts"], lines)


def _listed(rows: Iterable[dict[str, Any]]) -> str:
    counts: dict[str, int] = {}
    for row in rows:
        key = row["verdict"] + (f" ({row['because']})" if row["because"] != "none" else "")
        counts[key] = counts.get(key, 0) + 1
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}" if value < 10 else f"{value:.2g}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2g}"


def main() -> None:
    page = PAGE.read_text(encoding="utf-8")
    before, after = page[: page.index(BEGIN)], page[page.index(END) :]
    text = figures(read(local_diagnosis.RECORD), read(local_verdicts.RECORD))
    write_whole(PAGE, f"{before}{BEGIN}\n\n{text}\n\n{after}".encode())


if __name__ == "__main__":
    main()
