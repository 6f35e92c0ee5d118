"""What the parser says to mistyped commands: one line, what was expected, the nearest right thing, the verb's help."""

import pytest

from saddlepoint.command.main import main
from saddlepoint.command.parser import options_by_verb


@pytest.mark.parametrize(
    ("command", "begins", "words"),
    [
        ("trian digits", "saddlepoint: got the verb 'trian'", ["expected one of train,", "did you mean train?"]),
        ("--bogus", "saddlepoint: got the unknown option --bogus", ["see `saddlepoint --help`"]),
        ("train", "saddlepoint train: got no RECIPE", ["expected `saddlepoint train RECIPE`"]),
        ("train digits --step 4", "saddlepoint train: got the unknown option --step", ["did you mean --steps?"]),
        (
            "resume run --objective hinge",
            "saddlepoint resume: got the",
            ["--objective; it belongs to `saddlepoint train`"],
        ),
        ("resume run --stpes 4", "saddlepoint resume: got the", ["did you mean --steps?"]),
        ("prove hinge --plane=1", "saddlepoint prove: got the", ["--plane; it belongs to `saddlepoint field`"]),
        ("train digits extra", "saddlepoint train: got the further argument 'extra'", ["`saddlepoint train RECIPE`"]),
        (
            "train digits --device gpu",
            "saddlepoint train: got --device 'gpu'",
            ["one of auto, cpu, cuda, mps;"],
        ),
        ("train digits --steps x", "saddlepoint train: got --steps 'x'", ["expected a whole number"]),
        ("train digits --steps", "saddlepoint train: got --steps without a value", ["expected --steps N"]),
        (f"train digits --steps {'9' * 5000}", "saddlepoint train: got --steps '9999", ["expected a whole number"]),
        (f"sample run {'x' * 5000}", "saddlepoint sample: got the further argument 'xxx", []),
        ("field hinge", "saddlepoint field: got no --start, --pd", ["field OBJECTIVE --start D,P --pd P`"]),
        ("field hinge --start 1,1 --pd x", "saddlepoint field: got --pd 'x'", ["expected a number"]),
        ("data chekc place", "saddlepoint data: got action 'chekc'", ["did you mean check?"]),
        ("compare", "saddlepoint compare: got no RUN", []),
        ("train digits --out=--", "saddlepoint train: got --out without a value", ["expected --out DIR"]),
        ("sample run --seeds", "saddlepoint sample: got --seeds without a value", ["expected --seeds LIST"]),
    ],
)
def test_a_mistyped_command_is_said_on_one_line_with_the_right_help(capsys, command, begins, words) -> None:
    capsys.readouterr()
    assert main(command.split()) == 2
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    assert said.out == "" and line.startswith(begins) and len(line) < 400
    for word in words:
        assert word in line, line
    assert line.endswith(f"; see `{begins.split(': ')[0]} --help`")


@pytest.mark.parametrize("verb", sorted(options_by_verb()))
def test_every_verb_names_its_own_help(capsys, verb: str) -> None:
    assert main([verb, *["check", "x"] * (verb == "data"), "--no-such-option"]) == 2
    assert capsys.readouterr().err.endswith(f"see `saddlepoint {verb} --help`\n")
