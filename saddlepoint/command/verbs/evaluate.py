"""`saddlepoint evaluate RUN`: numbers, each beside what real data scores."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from saddlepoint.command.options import DEVICES, add_step_option
from saddlepoint.command.tables import measured, names_in
from saddlepoint.command.uncollected import uncollected
from saddlepoint.command.verb import Answer, Verb
from saddlepoint.errors import UserError


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", nargs="?", metavar="RUN")
    parser.add_argument(
        "--samples", metavar="FOLDER", help="instead of a run: images from anywhere (folder, zip, .npz), with --data"
    )
    parser.add_argument(
        "--metrics",
        metavar="LIST",
        help="such as frechet_distance,memorisation (default: Frechet and kernel distances, precision, recall, "
        "density, coverage; a wrong name lists all)",
    )
    parser.add_argument(
        "--features",
        metavar="NAME|NAME:FILE",
        help="efficientnet-lite0, hog, pixels, classifier:RUN, inception:FILE, inception-clean:FILE, dinov2:FILE, "
        "vgg19:FILE (default: efficientnet-lite0 for images of 32 pixels and more if it is installed, else pixels); "
        "hog always judges beside them, from 16 pixels on",
    )
    parser.add_argument("--data", metavar="PATH", help="where the real data is (a run's: if it has moved)")
    parser.add_argument(
        "--reference",
        choices=("train", "held_out", "test"),
        help="the split that is compared with (default train, as published distances are; for accuracy test)",
    )
    parser.add_argument(
        "--samples-count",
        type=int,
        metavar="N",
        help="how many samples (default: half of the split, 10000 at most, 2000 by efficientnet-lite0 or hog, so that "
        "the baseline has the same counts)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the samples")
    add_step_option(parser)
    parser.add_argument("--device", choices=DEVICES, default="auto")


def run(chosen: argparse.Namespace, command: str) -> Answer:
    with uncollected():
        from saddlepoint.api.evaluation import evaluate

    if (chosen.run is None) == (chosen.samples is None):
        got = "neither a run nor --samples" if chosen.run is None else f"the run {chosen.run} and --samples"
        raise UserError(got, "one of them", "write `evaluate RUN`, or `evaluate --samples FOLDER --data FOLDER`")
    if chosen.samples is not None and chosen.data is None:
        raise UserError("--samples without --data", "the real images too", "add --data FOLDER")
    what: Any = chosen.run if chosen.run is not None else (chosen.samples, chosen.data)
    results = evaluate(
        what,
        metrics=names_in(chosen.metrics),
        features=chosen.features,
        data=chosen.data if chosen.run is not None else None,
        reference=chosen.reference,
        count=chosen.samples_count,
        seed=chosen.seed,
        step=chosen.step,
        device=chosen.device,
        command=command,
    )
    return Answer(json=results, text=f"{measured(results)}\n{_how(results)}")


def _how(results: Sequence[Mapping[str, Any]]) -> str:
    """What the numbers depend on, in a few lines."""
    from saddlepoint.measuring.alike import judge_of
    from saddlepoint.measuring.meaning import meanings
    from saddlepoint.runs.features import PIXELS_ARE_WEAK

    lines = []
    found = results[-1]["provenance"]
    reference = found["reference"]
    if "fingerprint" in reference:
        lines.append(
            f"reference: {reference['split']} of the data {reference['fingerprint'][:12]}"
            + (f", step {found['step']}" if "step" in found else "")
            + (f", seed {found['seed']}" if "seed" in found else "")
        )
    lines += [
        f"no baseline for {result['metric']}: {result['provenance']['baseline']['why']}"
        for result in results
        if "why" in result["provenance"]["baseline"]
    ]
    lines += [f"note: {line}" for line in meanings(results)]
    judges = {judge_of(result): result["provenance"]["features"] for result in results if judge_of(result)}
    for name, about in judges.items():
        weights = about.get("sha256") or about.get("weights", {}).get("sha256")
        lines.append(f"features: {name}" + (f", weights {weights[:12]}" if weights else ""))
    if "pixels" in judges:
        lines.append(f"note: {PIXELS_ARE_WEAK}")
    return "\n".join(lines)


EVALUATE = Verb(
    name="evaluate",
    summary="measure a run, or samples from anywhere, beside what real data scores",
    add=add,
    run=run,
)
