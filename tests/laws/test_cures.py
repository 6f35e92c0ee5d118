"""Every cure can be carried out: each setting that an error names is one of recipes, each option one of a verb, each
command one that the parser takes. The texts are read from the source, so that a new error is under the law at once.
"""

import ast
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from saddlepoint.command.parser import build_parser, joined, options_by_verb
from saddlepoint.diagnosis.remedies import Situation, after_failure, first_remedy, remedies
from saddlepoint.diagnosis.rules import FINDINGS
from saddlepoint.game.schedules import value_at
from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.recipes.text import known_keys, override
from tests.laws.members import PACKAGE, module_files

# What stands for a value that is only known when the error is raised.
HOLE = "\0"
# A text -> what in it does not exist.
Law = Callable[[str], list[str]]
ERRORS = ("UserError", "RunStopped", "NewerFormat", "MixedError")
# A dotted key, or any that a person is told to set; `images=...` alone is an argument of a Python function.
SETTING = re.compile(
    rf"(?:(?<![\w./`-])((?:[a-z_0-9]+|{HOLE})(?:\.(?:[a-z_0-9]+|{HOLE}))+)|(?<=\bset )([a-z_0-9]+))=(?!=)"
)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z_-]*")
COMMAND = re.compile(r"`(saddlepoint [^`]*)`")
VERBS = options_by_verb()
OPTIONS = frozenset().union(*VERBS.values())


@dataclass(frozen=True)
class Text:
    """One thing that an error may say; `place` is file and line."""

    place: str
    said: str


def texts_of(source: str, name: str) -> Iterator[Text]:
    """What the errors of a source may say, a hole for each computed part; a choice of texts is several texts."""
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS:
            for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
                yield from (Text(f"{name}:{node.lineno}", said) for said in _variants(argument))
        elif isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in docstrings:
            # Cures that are made elsewhere and passed on, known by the option in them.
            yield from (Text(f"{name}:{node.lineno}", said) for said in _variants(node) if "--set " in said)


def _variants(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else [HOLE]
    if isinstance(node, ast.JoinedStr):
        return ["".join(str(part.value) if isinstance(part, ast.Constant) else HOLE for part in node.values)]
    if isinstance(node, ast.IfExp):
        return [*_variants(node.body), *_variants(node.orelse)]
    if isinstance(node, ast.BoolOp):
        return [said for value in node.values for said in _variants(value)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [left + right for left in _variants(node.left) for right in _variants(node.right)]
    return [HOLE]


def unknown_settings(said: str) -> list[str]:
    """Settings in a text, KEY=VALUE, that no recipe has."""
    outside = COMMAND.sub(_settings_alone, said)
    return [dotted or bare for dotted, bare in SETTING.findall(outside) if not _known(dotted or bare)]


def unknown_options(said: str) -> list[str]:
    """Options in a text that no verb has."""
    return [option for option in OPTION.findall(said) if option not in OPTIONS and "pip install" not in said]


def impossible_commands(said: str) -> list[str]:
    """Commands in a text that the parser refuses."""
    return [command for command in COMMAND.findall(said) if not _parses(command)]


def _settings_alone(command: re.Match[str]) -> str:
    return " ".join(re.findall(r"--set \S+", command[1]))


def _known(key: str) -> bool:
    if key.strip(HOLE + ".") == "":
        return True  # computed as a whole: what is computed is a key that a person has given, or another text's matter
    pattern = re.compile("".join(".+" if part == HOLE else re.escape(part) for part in re.split(f"({HOLE})", key)))
    return any(pattern.fullmatch(known) for known in known_keys())


def _parses(command: str) -> bool:
    words = [word for word in shlex.split(command.replace(HOLE, "1")) if word != "..."]
    if len(words) == 2 and words[1] in VERBS:
        return True  # only the verb, as a pointer to it
    try:
        build_parser().parse_args(joined(words[1:]))
    except SystemExit as ended:
        return ended.code == 0
    return True


TEXTS = [
    text
    for path in module_files().values()
    for text in texts_of(path.read_text(encoding="utf-8"), path.relative_to(PACKAGE).as_posix())
]


@pytest.mark.parametrize(
    "wrong", [unknown_settings, unknown_options, impossible_commands], ids=lambda law: law.__name__
)
def test_every_error_names_what_exists(wrong, capsys: pytest.CaptureFixture[str]) -> None:
    found = {text.place: named for text in TEXTS if (named := wrong(text.said))}
    capsys.readouterr()
    assert not found, "\n".join(f"{place}: {', '.join(named)}" for place, named in found.items())


# Runs for which a remedy is asked: with what the recipe says of each.
SITUATIONS = {
    "digits": ([], {}),
    "toy": (["objective=minimax", "generator.rate=1e-2", "generator.beta1=0.5"], {"latent": 2}),
    "mnist": (
        ["networks.normalisation=batch", "penalties.r1=null", "penalties.r2=null", "training.batch=4"],
        {"batch": 4},
    ),
    "dcgan-64": ([], {}),
    "wgan-64": ([], {}),
    "shapes": (["objective=wasserstein", "generator.rate=1e-9"], {}),
    "wgan-gp-32": (["discriminator.rate=0", "networks.latent=1"], {"latent": 1}),
}


@pytest.mark.parametrize("name", SITUATIONS)
@pytest.mark.parametrize("finding", [*FINDINGS, "a failure"])
def test_every_remedy_can_be_carried_out(name: str, finding: str, capsys: pytest.CaptureFixture[str]) -> None:
    changes, about = SITUATIONS[name]
    recipe = override(RECIPES[name], changes)
    normalises = getattr(recipe.networks, "normalisation", "") == "batch"
    described: dict[str, Any] = {
        "settings": {key: value_at(number, 0, 0) for key, number in recipe.numbers().items()},
        "scale": 7.0,
        "images": name != "toy",
        "objective": recipe.objective,
        "clip": recipe.clip,
        "batch": 64,
        "latent": 64,
        "batch_norm_in": ("discriminator",) if normalises else (),
        "can_leave_norm": {"discriminator": "networks.normalisation"} if normalises else {},
    }
    situation = Situation(**{**described, **about})
    found = (after_failure(situation),) if finding == "a failure" else remedies(finding, situation)
    assert found and (finding == "a failure" or found[0] == first_remedy(finding, situation))
    for remedy in found:
        assert not impossible_commands(f"`{remedy.command}`") and not unknown_settings(remedy.command)
        # The recipe takes what is to be set, which is something else than it has.
        assert override(recipe, remedy.changes) != recipe or remedy.ask == "look"
    capsys.readouterr()


def test_the_law_reads_errors_at_all() -> None:
    assert len({text.place for text in TEXTS}) > 400
    assert sum(bool(SETTING.search(text.said)) for text in TEXTS) > 50
    assert sum(bool(COMMAND.search(text.said)) for text in TEXTS) > 10


@pytest.mark.parametrize(
    ("law", "source"),
    [
        (unknown_settings, 'UserError("a", "b", "learn with --set data.paired=false")'),
        (unknown_settings, 'UserError("a", "b", f"set penalty.{name}=null")'),
        (unknown_options, 'UserError("a", "b", f"give {x} by --samples_count")'),
        (unknown_options, 'UserError("a", "b", "one" if x else "use --speed")'),
        (impossible_commands, 'UserError("a", "b", f"go on by `saddlepoint resume {path} --count 3`")'),
        (impossible_commands, 'RunStopped("a", "b", "see `saddlepoint recipe`")'),
    ],
)
def test_the_law_sees_what_is_wrong(law: Law, source: str) -> None:
    assert any(law(text.said) for text in texts_of(source, "x.py"))


@pytest.mark.parametrize(
    "source",
    [
        'UserError("a", "b", f"set penalties.{name}=null, or training.batch={2 * n}")',
        'UserError("a", "b", f"set {key}={value}")',
        'UserError("a", "b", f"go on by `saddlepoint resume {path} --steps {2 * at}`")',
        'UserError("a", "b", "`saddlepoint train pix2pix --data FOLDER --set data.size=64x64`")',
        'UserError("a", "b", "install it: pip install --upgrade x")',
    ],
)
def test_the_law_lets_pass_what_is_right(source: str) -> None:
    for text in texts_of(source, "x.py"):
        assert not (unknown_settings(text.said) or unknown_options(text.said) or impossible_commands(text.said))
