"""A log of whatever tool, checked: which columns were taken for what, what is seen, what cannot be judged and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from saddlepoint.diagnosis.findings import range_in_words, words_of
from saddlepoint.diagnosis.logs.formats import Column, Log, read_log
from saddlepoint.diagnosis.logs.judge import HEALTHY, NAMES, Game, Seen, judged
from saddlepoint.diagnosis.logs.roles import ROLES, Taken, roles_of, words_of_name
from saddlepoint.diagnosis.logs.scale import has_sigmoid, loss_of, raw
from saddlepoint.diagnosis.rules import FINDINGS
from saddlepoint.errors import UserError, reading
from saddlepoint.files import read_lines
from saddlepoint.objectives import Objective
from saddlepoint.objectives import objective as objective_named
from saddlepoint.run_folder import FINDINGS as FINDINGS_FILE
from saddlepoint.run_folder import PROBES, RECIPE

OUTPUTS = ("logits", "probabilities")
# On the runs of `python -m benchmarks.diagnosis`, whose outcome is measured; see docs/guide/watch-your-own-loop.md.
TRUST = (
    "with the objective known and a row every 50 steps something was said of 25 of 58 short runs that ended badly, and"
    " of 0 of 12 that went well, which were played after the bounds were chosen; with a row each step, cycling was seen"
    " in 3 of 6 that circle, and in 0 of 11 that went well. Where nothing is said, nothing is known."
)
# Rows at which logits and probabilities are told apart, and by how much the loss must speak for one of them.
_COMPARED, _CLEARLY = 200, 2.0
_NEED_NETWORKS = tuple(
    name
    for name in FINDINGS
    if name not in ("nan_ahead", "vanishing_generator_gradient", "discriminator_won", "cycling", "no_progress")
)
# Of a log another thing is seen than of networks.
_WORDS: Mapping[str, str] = {
    "vanishing_generator_gradient": "The generator gets no gradient. The discriminator's loss is far below what it is"
    " where the game rests, and under this objective the generator then gets almost nothing to learn from.",
    "discriminator_won": "The discriminator is far ahead. Its loss is far below what it is where the game rests: the"
    " generator is told that it is wrong, and hardly how to be less so. A log does not tell whether that is the cause,"
    " or came of a generator that stands still, of steps too large, or of latents of few numbers.",
    "cycling": "The run goes round in circles. How well the discriminator tells the two apart comes and goes with one"
    " period, and that does not die away: each player chases what the other has just left.",
    "no_progress": "The discriminator is behind. Its loss is larger than that of one that can tell nothing: what it"
    " teaches the generator is wrong, because its steps are too small beside the generator's, or too large.",
}
_DO: Mapping[str, str] = {
    "nan_ahead": "Go back to weights that were saved before, and take a tenth of both learning rates.",
    "vanishing_generator_gradient": "Penalise the squared input gradient of the discriminator (R1 and R2), or take the"
    " non-saturating loss with them; a slower discriminator alone does not revive the generator.",
    "discriminator_won": "Penalise the squared input gradient of the discriminator (R1 and R2); where the generator"
    " still learns, a tenth of the discriminator's learning rate helps too.",
    "no_progress": "Give both the same learning rate, or the discriminator more steps in each iteration, and look at"
    " the samples.",
    "cycling": "Penalise the squared input gradient of the discriminator (R1 and R2), set Adam's beta1 or the momentum"
    " to 0, and look at the samples of fixed latents, whether they go round.",
}


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a log tells.

    Attributes:
        log: it.
        taken: which column was taken for what.
        objective: its name; None where it is not known.
        outputs: "logits", "probabilities"; None where D's outputs cannot be told to be either.
        findings: lines as of a run's findings.jsonl, and "by": log, or the probes of a run that was diagnosed.
        unjudged: why a finding was not judged, by name.
    """

    log: Log
    taken: Taken
    objective: str | None
    outputs: str | None
    findings: Sequence[Mapping[str, Any]]
    unjudged: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "path": str(self.log.path),
            "unit": self.log.unit,
            "columns": dict(self.taken.columns),
            "also": {role: list(names) for role, names in self.taken.also.items()},
            "objective": self.objective,
            "outputs": self.outputs,
            "findings": [dict(line) for line in self.findings],
            "not_judged": dict(self.unjudged),
            "trust": TRUST,
        }

    def __str__(self) -> str:
        taken = [f"    {ROLES[role]}: {name}{self._also(role)}" for role, name in self.taken.columns.items()]
        lines = [f"{self.log.path}, by {self.log.unit}", *(taken or ["    no column was recognised: give --columns"])]
        if {"d_real", "d_fake"} & self.taken.columns.keys():
            known = f"D's outputs are taken as {self.outputs}"
            lines.append(f"    {known if self.outputs else 'are they logits or probabilities? give --outputs'}")
        lines.append(f"    objective: {self.objective or 'not known: give --objective'}")
        for finding in self.findings:
            lines += ["", *_said(finding, self.log.unit)]
        if not self.findings:
            lines += ["", "Nothing is seen in what could be judged."]
        lines += ["", "Not judged:"] if self.unjudged else []
        reasons: dict[str, list[str]] = {}
        for name, why in self.unjudged.items():
            reasons.setdefault(why, []).append(name)
        lines += [f"    {', '.join(names)}: {why}" for why, names in reasons.items()]
        return "\n".join([*lines, "", f"How far to trust this: {TRUST}"])

    def _also(self, role: str) -> str:
        others = self.taken.also.get(role, ())
        return f" (or {', '.join(others)}? then --columns {role}={others[0]})" if others else ""


def check_run(
    path: str | Path,
    *,
    objective: str | None = None,
    columns: Mapping[str, str] | None = None,
    outputs: str | None = None,
) -> Checked:
    """Checks a log.

    Args:
        path: a table as text, JSON lines, an event file of TensorBoard, or a folder with one of these.
        objective: of the catalogue, or a triple as text; None for that of a run folder, else it is not known.
        columns: names of columns by role (`roles.ROLES`); others are found by their names.
        outputs: "logits" or "probabilities", which D's outputs are; None to tell by their numbers.

    Raises:
        UserError: the log cannot be read, or something that is given is not there.
    """
    if outputs is not None and outputs not in OUTPUTS:
        raise UserError(f"--outputs {outputs}", " or ".join(OUTPUTS), f"write --outputs {OUTPUTS[0]}")
    log = read_log(Path(path))
    if log.ours:
        log = _with_terms(log)
    taken = roles_of(log, columns or {})
    text = objective or (_recipe_objective(log.path.parent) if log.ours else None)
    chosen = objective_named(text) if text is not None else None
    game = Game(log=log, roles=taken.columns, objective=chosen, probabilities=None)
    told = _outputs(game, outputs)
    game = Game(
        log=log, roles=taken.columns, objective=chosen, probabilities=None if told is None else told == OUTPUTS[1]
    )
    seen, unjudged = judged(game)
    # Of a run of ours, and of a loop that was watched, the diagnosis has looked at the networks themselves.
    beside = any((log.path.parent / name).is_file() for name in (PROBES, FINDINGS_FILE))
    looked = beside and (log.ours or log.path.name in (PROBES, FINDINGS_FILE))
    diagnosed = _diagnosed(log.path.parent) if looked else []
    named = {line["finding"] for line in diagnosed}
    why = "it takes the networks: sp.Watch in the loop"
    unjudged = {} if looked else unjudged | dict.fromkeys(_NEED_NETWORKS, why)
    return Checked(
        log=log,
        taken=taken,
        objective=chosen.name if chosen is not None else None,
        outputs=told,
        findings=[*diagnosed, *(_line(each) for each in seen if each.finding not in named)],
        unjudged=unjudged,
    )


def _line(seen: Seen) -> dict[str, Any]:
    return {
        "finding": seen.finding,
        "state": "open",
        "step": seen.step,
        "since": seen.since,
        "words": _WORDS.get(seen.finding) or words_of(seen.finding),
        "evidence": dict(seen.evidence),
        "healthy": {name: list(HEALTHY[name]) for name in seen.evidence},
        "do": _DO[seen.finding],
        "by": "log",
    }


def _diagnosed(folder: Path) -> list[dict[str, Any]]:
    """The findings that are open in a run folder whose diagnosis has looked at the networks."""
    newest: dict[str, dict[str, Any]] = {}
    for line in read_lines(folder / FINDINGS_FILE):
        if line.value is not None and line.value.get("finding") in FINDINGS:
            newest[line.value["finding"]] = {**line.value, "by": "probes"}
    return sorted(
        (line for line in newest.values() if line.get("state") == "open"),
        key=lambda line: FINDINGS.index(line["finding"]),
    )


def _said(finding: Mapping[str, Any], unit: str) -> list[str]:
    by = "" if finding["by"] == "log" else " (seen on the networks, while it was trained)"
    lines = [f"{finding['words']}", f"    since {unit} {finding['since']}, seen at {finding['step']}{by}"]
    for name, value in finding.get("evidence", {}).items():
        if name in NAMES and value is not None:
            healthy = range_in_words(finding["healthy"].get(name))
            lines.append(f"    {NAMES[name]}: {value:.3g}; healthy runs {healthy}")
    return [*lines, f"    Do first: {finding['do']}"] if finding["do"] else lines


def _with_terms(log: Log) -> Log:
    """Our own log with the objective's part of each loss, without what penalties add."""
    columns = dict(log.columns)
    for player in ("discriminator", "generator"):
        terms = [
            column
            for name, column in log.columns.items()
            if name.rpartition(".")[0] == f"losses.{player}" and name.rpartition(".")[2].startswith("f")
        ]
        total = columns.get(f"losses.{player}.total")
        if terms and total is not None and all(len(each.values) == len(total.values) for each in terms):
            # Values are maximised, and a loss is minimised.
            value = -np.sum([each.values for each in terms], axis=0)
            columns[total.name] = Column(name=total.name, steps=total.steps, values=value)
    return Log(path=log.path, columns=columns, unit=log.unit, ours=True)


def _recipe_objective(folder: Path) -> str | None:
    """The objective that a run folder's recipe names."""
    if not (folder / RECIPE).is_file():
        return None
    with reading(f"{folder / RECIPE}, which cannot be read", "YAML", "give --objective and name the log itself"):
        recipe = yaml.safe_load((folder / RECIPE).read_text(encoding="utf-8"))
    found = recipe.get("objective") if isinstance(recipe, dict) else None
    return found if isinstance(found, str) else None


def _outputs(game: Game, given: str | None) -> str | None:
    """Whether D's outputs are raw or probabilities: as is said, by their names, by their numbers, by the loss."""
    outputs = game.outputs()
    if outputs is None or given is not None:
        return given if outputs is not None else None
    _, real, fake = outputs
    if game.log.ours:
        return OUTPUTS[game.objective is not None and has_sigmoid(game.objective)]
    said = {word for role in ("d_real", "d_fake") for word in words_of_name(game.roles[role])}
    if said & {"logit", "logits"}:
        return OUTPUTS[0]
    both = np.concatenate([real, fake])
    both = both[np.isfinite(both)]
    if len(both) and (both.min() < 0 or both.max() > 1):
        return OUTPUTS[0]
    if said & {"prob", "probs", "probability"}:
        return OUTPUTS[1]
    loss = game.column("loss_d")
    if game.objective is None or loss is None:
        return None
    return _by_loss(game.objective, outputs, loss)


def _by_loss(objective: Objective, outputs: tuple[np.ndarray, np.ndarray, np.ndarray], loss: Column) -> str | None:
    """Which of the two gives a loss nearer to the one that was logged, or half of it."""
    steps, at, within = np.intersect1d(loss.steps, outputs[0], return_indices=True)
    chosen = np.linspace(0, len(steps) - 1, min(_COMPARED, len(steps))).astype(int)
    logged = loss.values[at][chosen]
    apart = []
    for probabilities in (False, True):
        sides = (raw(values[within][chosen], probabilities) for values in outputs[1:])
        made = loss_of(objective, *sides)
        apart.append(min(float(np.nanmedian(np.abs(share * made - logged))) for share in (1.0, 0.5)))
    if max(apart) < _CLEARLY * min(apart):
        return None
    return OUTPUTS[apart[1] < apart[0]]
