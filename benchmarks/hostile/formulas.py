"""Formulas that nobody would write: parsed, proved, followed and trained on.

Random trees over every function and number that a formula may hold, with kinks, towers of powers and long products; the
catalogue's own with characters changed; and texts that are no formulas.
"""

from pathlib import Path
from random import Random

from benchmarks.hostile.kind import Attack, Kind, Outcome
from benchmarks.hostile.verdict import fault_of
from benchmarks.hostile.workshop import Workshop, shown

FUNCTIONS = ("log", "exp", "sqrt", "abs", "tanh", "sigmoid", "softplus", "relu", "min", "max")
_NUMBERS = ("0", "1", "2", "3", "-1", "0.5", "1/3", "1e-300", "1e300", "1e400", "7/2", "10", "0.1", "1e-9", "9" * 40)
_CHARACTERS = "D0123456789.+-*/()=;,@: \n\x00\x1befgloxmin²√π𝐷\u202e'\"`$\\{}[]"
_KNOWN = (
    "f1=log(D); f2=log(1-D); f3=log(D); link=sigmoid",
    "f1=min(0, D-1); f2=min(0, -D-1); f3=D",
    "f=-softplus(-D); coupling=pairs",
    "f1=-D**2/2; f2=D; f3=-D",
    "fgan_kl:minimax",
    "minimax@logit",
    "least_squares(-1,1,0)",
    "average_logistic",
)
# Each was a fault once, or is of its kind.
FIXED = (
    "f1=log(D)+log(1-D); f2=-relu(1-D); f3=D",
    "f1=abs(D); f2=-log(D)-exp(-D); f3=log(1-D)",
    "f1=0.5**2**3**3**D**3**-1**D; f2=D; f3=D",
    "f1=0.5**D**0.5**D**0.5**0.5**D**2**0.5**D; f2=D; f3=D",
    "f1=" + "*".join(f"(D+{index})" for index in range(17)) + "; f2=D; f3=D",
    "f1=" + "*".join(f"(D+{index})" for index in range(60)) + "; f2=D; f3=D",
    "f1=" + "+".join(["log(D)"] * 200) + "; f2=D; f3=D",
    "f1=" + "exp(" * 39 + "D" + ")" * 39 + "; f2=D; f3=D",
    "f1=" + "(" * 1000 + "D" + ")" * 1000 + "; f2=D; f3=D",
    "f1=D**1000**1000; f2=D; f3=D",
    "f1=D**(1/1000); f2=-D**999; f3=D",
    "f1=1/0; f2=D; f3=D",
    "f1=D/(D-D); f2=D; f3=D",
    "f1=log(-1); f2=D; f3=D",
    "f1=__import__('os').system('id'); f2=D; f3=D",
    "f1=max(abs(D), relu(-D), D**2); f2=-abs(D); f3=min(D, 1)",
    "f1=9e999999999; f2=D; f3=D",
    "f1=" + "9" * 100_000 + "; f2=D; f3=D",
    "f1=D; " * 1000,
    "=" * 1000,
    "",
    ";",
    "minimax@minimax@logit",
    "least_squares(" + "1," * 1000 + "1)",
)


def formula(random: Random, depth: int) -> str:
    """A random formula of D."""
    if depth == 0 or random.random() < 0.1:
        return random.choice(("D", "D", "D", *_NUMBERS))
    way = random.random()
    if way < 0.35:
        name = random.choice(FUNCTIONS)
        count = 2 if name in ("min", "max") else 1
        return f"{name}({', '.join(formula(random, depth - 1) for _ in range(count))})"
    symbol = random.choice(("+", "-", "*", "/", "+", "-", "*", "**"))
    left, right = formula(random, depth - 1), formula(random, depth - 1)
    return f"({left}){symbol}({right})" if random.random() < 0.7 else f"{left}{symbol}{right}"


def text(random: Random) -> str:
    """An objective's text."""
    way = random.random()
    if way < 0.55:
        link = random.choice(("", "", "; link=sigmoid"))
        return "; ".join(f"f{number}={formula(random, random.randint(1, 4))}" for number in (1, 2, 3)) + link
    if way < 0.65:
        return f"f={formula(random, 3)}; coupling={random.choice(('pairs', 'means'))}"
    if way < 0.75:
        factors = random.randint(2, 40)
        joint = random.choice("*+")
        return f"f1={joint.join(f'(D-{random.randint(-9, 9)})' for _ in range(factors))}; f2=-D**2; f3=D"
    changed = list(random.choice(_KNOWN))
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(changed) + 1)
        changed[at : at + random.randint(0, 2)] = random.choices(_CHARACTERS, k=random.randint(0, 3))
    return "".join(changed)


def prepare(workshop: Workshop) -> Attack:
    def attempt(index: int, random: Random, place: Path) -> Outcome:
        given = FIXED[index // 3] if index % 3 == 0 and index // 3 < len(FIXED) else text(random)
        way = index % 20
        if way == 7:
            arguments = ["train", "toy", "--objective", given, "--out", str(place / "run"), "--steps", "2", *_quick()]
        elif way == 13:
            arguments = ["field", given, f"--start={_point(random)}", "--pd", _number(random), "--steps", "1000"]
        else:
            arguments = ["prove", given, *(_options(random) if random.random() < 0.3 else [])]
        # A NUL cannot stand on a command line.
        arguments = [argument.replace("\x00", "\x01") for argument in arguments]
        # `prove` has a budget of its own, and finishes what it was doing.
        ended = workshop.verb(arguments, place, limit=40)
        return Outcome(what=shown(arguments), fault=fault_of(ended))

    return Attack(attempt=attempt)


def _quick() -> list[str]:
    return [*("--set", "training.threads=1", "--set", "training.batch=8", "--set", "data.count=64")]


def _number(random: Random) -> str:
    return random.choice(("1", "0.2", "0", "-1", "1e300", "1e-300", "inf", "nan", "x", "", "1/3", "9" * 400, "1e400"))


def _point(random: Random) -> str:
    return random.choice((f"{_number(random)},{_number(random)}", ".5,.5", "1", "1,2,3", ","))


def _options(random: Random) -> list[str]:
    return random.choice(
        (
            [f"--domain={_number(random)},{_number(random)}"],
            [f"--rest={_number(random)}"],
            [f"--pd={_number(random)}"],
            ["--json"],
            ["--domain=0,1", f"--rest={_number(random)}", "--json"],
        )
    )


KIND = Kind(
    name="formulas",
    tried="random, mutated and absurd formulas through prove, field and train --objective",
    good="an answer, `undecided`, or one line; in 40 s of computing",
    prepare=prepare,
)
