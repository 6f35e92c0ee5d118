"""A person's own objective as text: keys in any order, nothing inferred, mistakes with their column."""

import pytest

from saddlepoint.errors import UserError
from saddlepoint.objectives.definition import read_definition
from saddlepoint.objectives.paired import Paired
from saddlepoint.objectives.parser import parse
from saddlepoint.objectives.separable import IDENTITY, SIGMOID, Separable

F1, F2 = parse("log(D)"), parse("log(1-D)")


def test_a_triple():
    read = read_definition("f1=log(D); f2=log(1-D); f3=log(D)")
    assert read == Separable(f1=F1, f2=F2, f3=F1, link=IDENTITY)
    assert read.variable == "identity" and not read.generator_uses_real
    assert read.name == "f1=log(D); f2=log(1 - D); f3=log(D)"


def test_links_are_named_never_inferred():
    assert read_definition("f1=log(D); f2=log(1-D); f3=log(D); link=identity") == Separable(f1=F1, f2=F2, f3=F1)
    linked = read_definition("link = sigmoid ; f3=log(D);f2=log(1-D);f1=log(D);")
    assert linked == Separable(f1=F1, f2=F2, f3=F1, link=SIGMOID)
    assert linked.variable == "probability"


def test_a_fourth_function():
    read = read_definition("f1=D; f2=-D; f3=D; f4=-D")
    assert read == Separable(f1=parse("D"), f2=parse("-D"), f3=parse("D"), f4=parse("-D"))
    assert read.generator_uses_real


def test_paired_objectives():
    assert read_definition("f=-softplus(-D)") == Paired(f=parse("-softplus(-D)"))
    assert read_definition("coupling=means; f=min(0,D-1)") == Paired(f=parse("min(0, D-1)"), coupling="means")


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("f1=log(D); f2=log(1-D)", 23, "no f3"),
        ("f2=D; f3=D", 11, "no f1"),
        ("f1=D; f2=; f3=D", 10, "the end of the formula"),
        ("f1=D; f2=D; f3=x", 16, "'x'"),
        ("f1=D; f1=D; f2=D; f3=D", 7, "f1 a second time"),
        ("f1=D; f2=D; f3=D; f5=D", 19, "the key 'f5'"),
        ("f1=D; f2=D; f3=D; lnk=sigmoid", 19, "the key 'lnk'"),
        ("f1=D; f2=D; f3=D; link=tanh", 24, "link='tanh'"),
        ("f1=D; f2=D; f3=D; link=", 24, "link=''"),
        ("f1=D; f2=D; f3=D; coupling=pairs", 19, "the key 'coupling'"),
        ("f1=D; nonsense; f3=D", 7, "'nonsense'"),
        ("f1==D; f2=D; f3=D", 4, "'='"),
        ("F1=D; f2=D; f3=D", 1, "the key 'F1'"),
        ("=D", 1, "the key ''"),
        ("f=D; coupling=triples", 15, "coupling='triples'"),
        ("f=D; link=sigmoid", 6, "the key 'link'"),
        ("f=D; f1=D", 6, "the key 'f1'"),
    ],
)
def test_mistakes_point_at_their_column(text, column, message):
    with pytest.raises(UserError) as mistake:
        read_definition(text)
    assert str(mistake.value).startswith(f"got {message}")
    assert f" at column {column} of " in str(mistake.value) and "\n" not in str(mistake.value)


def test_the_nearest_key_is_named():
    with pytest.raises(UserError, match="did you mean link"):
        read_definition("f1=D; f2=D; f3=D; linkk=sigmoid")


def test_length_is_bounded():
    with pytest.raises(UserError, match="characters"):
        read_definition("f1=D; f2=D; f3=" + "D+" * 1500 + "D")
