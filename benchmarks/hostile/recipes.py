"""Recipes that are wrong: YAML with lines changed, bombs and tags; and `--set` of every key to hostile values.

Whatever is accepted is trained for one step, in bounded time and memory: a number that the machine cannot hold has to
be refused before that.
"""

from pathlib import Path
from random import Random
from typing import Any

from benchmarks.hostile.damage import damage
from benchmarks.hostile.kind import Attack, Kind, Outcome
from benchmarks.hostile.looking import QUICK
from benchmarks.hostile.verdict import ASKED_MIB, fault_of
from benchmarks.hostile.workshop import Workshop

# As a person would write them in YAML.
VALUES = (
    *"null true '' x 0 1 -1 0.5 -0.0 1e-320 1e308 1e309 .inf -.inf .nan 1e30 [] [1] [1,2,3] {} [[[[]]]]".split(),  # noqa: SIM905
    *"2001-99-99 2001-01-01 100 1000000000000 0x7fffffff 1_000 1:30 ~ << *a 'x' hf:a/b ../../x".split(),  # noqa: SIM905
    *r"""/dev/zero digits '\x1b[31m' "\e[31m" "\0" [3,3] [100000,100000] [-1,0]""".split(),  # noqa: SIM905
    *("{a: 1}", "!!int x", "!!float x", "!!timestamp x", "&a [*a]", "!!python/object/apply:os.system [id]"),
    *("{schedule: cosine}", "{schedule: linear, start: -1, end: .nan, over: 0}", "{optimizer: sgd}", "{pair: mlp}"),
    *("{pair: r3gan, widths: []}", "{value: x, mode: y}", "9" * 30, "9" * 400, "9" * 5000, "é" * 300),
    *("{" * 3000, "[" * 3000),
)
BOMBS = (
    "a: &a [x]\n"
    + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(20)),
    "name: 2001-99-99\n",
    "[" * 3000,
    "{" * 3000,
    "- " * 20_000 + "x",
    "x: " * 3000,
    "seed: " + "9" * 5000,
    "? " * 5000,
    "&a [*a]",
    "name: digits\nname: toy\n",
    "name: !!binary //==\n",
    "!!python/name:os.system\n",
    "%YAML 9.9\n---\nname: x\n",
    "---\na\n---\nb\n",
    "\ufeffname: digits\n",
    "name: digits\nseed: 1\n\tx: 1\n",
    "name: |\n" + "  x\n" * 200_000,
    "!!set {a, b}",
    "!!omap [a: 1]",
    "null",
    "3",
    "format: 99999999999999999999\n",
    "format: -1\n",
    "format: x\n",
    "found: 3\nmachine: []\nversions: x\n",
)


_RECIPES = ("digits", "toy", "shapes")


def _quick(recipe: str) -> list[str]:
    """What makes one step of a recipe quick; the networks of `shapes` are fitted to its size."""
    more = {"shapes": ("data.count=64",), "toy": ("data.count=64",)}.get(recipe, ())
    return [*more, *(setting for setting in QUICK if recipe == "digits" or not setting.startswith("networks"))]


def prepare_yaml(workshop: Workshop) -> Attack:
    from saddlepoint.recipes.catalogue import RECIPES
    from saddlepoint.recipes.text import override, to_yaml

    quick = {name: to_yaml(override(RECIPES[name], _quick(name))) for name in _RECIPES}
    texts = [*quick.values(), *(to_yaml(recipe) for recipe in RECIPES.values())]

    def attempt(index: int, random: Random, place: Path) -> Outcome:
        path = place / "recipe.yaml"
        if index % 8 == 0:
            number = index // 8 % len(BOMBS)
            path.write_text(BOMBS[number], encoding="utf-8")
            said = f"BOMBS[{number}]"
        elif index % 4 == 1:
            path.write_text(random.choice(texts), encoding="utf-8")
            said = f"{path.read_text().splitlines()[1]}: {damage(path, random)}"
            path.touch()
        else:
            text, said = _changed(random.choice([*quick.values()]), random)
            path.write_text(text, encoding="utf-8")
        out = place / "run"
        ended = workshop.verb(["train", str(path), "--out", str(out), "--steps", "1"], place)
        return Outcome(
            what=f"recipe.yaml, {said}; saddlepoint train recipe.yaml --steps 1",
            fault=fault_of(ended, memory_mib=ASKED_MIB),
        )

    return Attack(attempt=attempt)


def _changed(text: str, random: Random) -> tuple[str, str]:
    """A recipe with one to three lines changed; and how."""
    lines, said = text.splitlines(), []
    for _ in range(random.randint(1, 3)):
        at = random.randrange(1, len(lines))
        line = lines[at]
        way = random.randrange(6)
        if way <= 2 and ":" in line:
            lines[at] = f"{line.partition(':')[0]}: {random.choice(VALUES)}"
            said.append(f"{lines[at].strip()[:60]!r}")
        elif way == 3:
            lines[at] = " " * random.randrange(4) + line.strip()
            said.append(f"{line.strip()!r} indented by {len(lines[at]) - len(line.strip())}")
        elif way == 4:
            del lines[at]
            said.append(f"without {line.strip()!r}")
        else:
            lines.insert(random.randrange(len(lines)), line)
            said.append(f"{line.strip()!r} once more")
    return "\n".join(lines) + "\n", ", ".join(said)


def prepare_set(workshop: Workshop) -> Attack:
    from saddlepoint.recipes.text import known_keys

    keys = known_keys()

    def attempt(index: int, random: Random, place: Path) -> Outcome:
        key: Any = keys[index % len(keys)] if random.random() < 0.9 else _odd_key(random, keys)
        assignment = f"{key}={random.choice(VALUES)}"
        recipe = random.choice(_RECIPES)
        quick = [part for setting in _quick(recipe) for part in ("--set", setting)]
        arguments = ["train", recipe, "--out", str(place / "run"), "--steps", "1", *quick, "--set", assignment]
        ended = workshop.verb(arguments, place)
        return Outcome(
            what=f"saddlepoint train {recipe} --steps 1 QUICK --set '{assignment[:200]}'",
            fault=fault_of(ended, memory_mib=ASKED_MIB),
        )

    return Attack(attempt=attempt)


def _odd_key(random: Random, keys: tuple[str, ...]) -> str:
    key = random.choice(keys)
    return random.choice(
        (
            f"{key}.x",
            f"{key}.over",
            f"{key}.",
            f".{key}",
            key.upper(),
            key[:-1],
            "",
            ".",
            "..",
            f"{key}.{key}",
            "a\x1b[31m",
            key * 200,
        )
    )


YAML = Kind(
    name="recipes",
    tried="recipe files with lines and bytes changed, YAML bombs and tags; what is accepted trains for one step",
    good="trained, or one line; in 20 s of computing and 4 GiB",
    prepare=prepare_yaml,
)
SET = Kind(
    name="settings",
    tried="--set of every key to hostile values; what is accepted trains for one step",
    good="trained, or one line; in 20 s of computing and 4 GiB",
    prepare=prepare_set,
)
