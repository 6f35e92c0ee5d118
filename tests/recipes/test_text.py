"""Recipes as a person writes them: --set, YAML, and mistakes that are said on one line with the nearest right key."""

from pathlib import Path

import pytest
import yaml

from saddlepoint.errors import UserError
from saddlepoint.game.schedules import Cosine, Exponential, Linear
from saddlepoint.game.steps import SGD, Adam
from saddlepoint.networks import Dcgan, Mlp
from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.recipes.kinds.generation import GenerationPart
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.text import RECORDED, known_keys, override, read_recipe, recipe_from, to_yaml

DIGITS = RECIPES["digits"]


def refused(*assignments: str, recipe: Recipe = DIGITS) -> str:
    """What is said of these assignments; fails if they are taken, or if more than one line is said."""
    with pytest.raises(UserError) as error:
        override(recipe, assignments)
    assert "\n" not in str(error.value)
    return str(error.value)


# Keys


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("training.bach=3", "training.batch"),
        ("trainning.batch=3", "training.batch"),
        ("watch.chekpoint_every=3", "watch.checkpoint_every"),
        ("batch=3", "training.batch"),
        ("networks.widht=3", "networks.width"),
        ("networks.with=3", "networks.width"),
        ("generator.rat=3", "generator.rate"),
        ("generator.rate.ovr=3", "generator.rate.over"),
        ("average.halflife=3", "average.half_life"),
        ("objectiv=hinge", "objective"),
        ("penalties.r3=1", "penalties.r"),
    ],
)
def test_an_unknown_key_names_the_nearest(written: str, meant: str) -> None:
    key = written.split("=")[0]
    said = refused(written)
    assert f"the unknown key {key!r}" in said or f"the unknown key {key.split('.')[0]!r}" in said
    assert f"did you mean '{meant}" in said or f"did you mean '{meant.split('.')[0]}'" in said


def test_a_key_like_no_other_is_told_where_all_stand() -> None:
    assert "`saddlepoint recipes NAME` shows all keys" in refused("zzzzzzz=3")


def test_a_misspelt_option_deep_in_a_choice_is_the_one_that_is_named() -> None:
    # A union reports every branch that does not fit; a person has meant one of them.
    assert "'generator.momentun'" in refused("generator={optimizer: sgd, rate: 0.1, momentun: 0.9}")
    assert "did you mean 'generator.momentum'" in refused("generator={optimizer: sgd, rate: 0.1, momentun: 0.9}")
    assert "'generator.rate.strat'" in refused("generator.rate={schedule: linear, strat: 1, end: 0, over: 5}")
    assert "'networks.pices'" in refused("networks={pair: mlp-2014, pices: 3}")


def test_an_option_of_another_choice_is_unknown_here() -> None:
    assert "set another generator.optimizer first" in refused("generator.momentum=0.9"), "Adam has none"
    assert "set another networks.pair first" in refused("networks.units=10"), "nor has DCGAN units"
    assert "set another generator.rate.schedule first" in refused("generator.rate.factor=0.9"), "nor a cosine a factor"


def test_every_key_of_every_recipe_is_known() -> None:
    def keys(data: dict, prefix: str = ""):
        for name, value in data.items():
            yield prefix + name
            if isinstance(value, dict):
                yield from keys(value, f"{prefix}{name}.")

    for recipe in RECIPES.values():
        assert set(keys(recipe.model_dump(mode="json"))) <= set(known_keys())


# Values


def test_values_are_yaml() -> None:
    changed = override(
        DIGITS,
        [
            "training.batch=32",
            "generator.rate=1e-4",
            "data.size=[16, 24]",
            "penalties.r1=null",
            "task.conditional=true",
            "summary='a: b'",
            "objective=f1=log(D); f2=log(1-D); f3=log(D); link=sigmoid",
        ],
    )
    assert changed.training.batch == 32 and changed.numbers()["generator.rate"] == 1e-4
    assert (
        changed.data.size == (16, 24)
        and changed.penalties.r1 is None
        and changed.task == GenerationPart(conditional=True)
    )
    assert changed.summary == "a: b"
    assert changed.objective == "f1=log(D); f2=log(1-D); f3=log(D); link=sigmoid"
    assert DIGITS.training.batch == 64, "the named recipe is as it was"


@pytest.mark.parametrize("text", ["64x48", " 64 x 48 ", "[64, 48]"])
def test_a_size_is_written_as_it_is_said(text: str) -> None:
    assert override(DIGITS, [f"data.size={text}"]).data.size == (64, 48)
    assert override(DIGITS, ["data.size=32"]).data.size == (32, 32)


def test_later_assignments_win() -> None:
    assert override(DIGITS, ["training.batch=1", "training.batch=2"]).training.batch == 2


@pytest.mark.parametrize("text", ["training.batch", "=3", " =3", ""])
def test_an_assignment_has_a_key_and_a_value(text: str) -> None:
    assert "expected KEY=VALUE" in refused(text)


def test_a_value_that_is_no_yaml_is_said_on_one_line() -> None:
    assert "a value in YAML" in refused("summary=[1, 2")
    assert "a value in YAML" in refused("summary=a: b: c")


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("training.batch=many", ["training.batch", "many"]),
        ("training.batch=0", ["training.batch", "greater than 0"]),
        ("training.batch=1.5", ["training.batch", "1.5"]),
        ("training.steps=-1", ["training.steps", "-1"]),
        ("seed=-1", ["seed", "-1"]),
        ("data.hold_out=1", ["data.hold_out", "less than 1"]),
        ("data.channels=2", ["data.channels", "1, 3, 4 or 'auto'"]),
        ("data.size=64by64", ["data.size", "HEIGHTxWIDTH"]),
        ("data.size=[0, 5]", ["data.size"]),
        ("dynamics.turn=both", ["dynamics.turn", "alternating"]),
        ("generator.rate=fast", ["generator.rate", "fast"]),
        ("generator.rate={start: 1}", ["generator.rate"]),
        ("generator.rate={schedule: linear, start: 1}", ["generator.rate", "end"]),
        ("generator.rate={schedule: linear, start: 1, end: 0, over: 0}", ["a schedule over 0"]),
        ("generator.rate.schedule=sine", ["schedule = 'sine'", "cosine"]),
        ("generator.optimizer=adamw", ["optimizer = 'adamw'", "adam"]),
        ("networks.pair=stylegan", ["networks", "stylegan", "dcgan"]),
        ("networks=tiny", ["networks", "tiny"]),
        ("training=null", ["training"]),
        ("training={}", ["training", "steps"]),
        ("training.device=tpu", ["training.device", "cuda"]),
        ("watch.best={mode: min}", ["watch.best", "value"]),
        ("average={}", ["average", "half_life"]),
        ("name=", ["name"]),
        ("clip=-1", ["clip", "greater than 0"]),
    ],
)
def test_a_wrong_value_is_said_with_its_key_and_what_was_expected(assignment: str, words: list[str]) -> None:
    said = refused(assignment)
    assert [word for word in words if word not in said] == [], said


WEIRD = ["abc", "-1", "1.5", "null", "[1]", "{a: 1}", ".nan", ".inf", "''"]


@pytest.mark.parametrize("value", WEIRD)
def test_whatever_is_assigned_to_whichever_key_ends_well_or_on_one_line_about_it(value: str) -> None:
    for key in known_keys():
        try:
            changed = override(DIGITS, [f"{key}={value}"])
        except UserError as error:
            assert "\n" not in str(error) and len(str(error)) < 500
            assert any(name in str(error) for name in key.split(".")[-2:]), (key, value, str(error))
        else:
            assert all(number == number for number in _floats(changed.model_dump(mode="json"))), (key, value)
            assert recipe_from(yaml.safe_load(to_yaml(changed)), "a test") == changed


def _floats(value) -> list[float]:
    if isinstance(value, dict | list):
        return [number for part in (value.values() if isinstance(value, dict) else value) for number in _floats(part)]
    return [value] if isinstance(value, float) else []


# Choices


def test_choosing_another_kind_chooses_the_whole_part_anew() -> None:
    assert override(DIGITS, ["networks.pair=mlp"]).networks == Mlp()
    assert override(DIGITS, ["generator.optimizer=sgd"]).optimizers["generator"] == SGD()
    changed = override(DIGITS, ["generator.optimizer=sgd", "generator.rate=0.5"])
    assert changed.optimizers["generator"] == SGD(rate=0.5)
    assert isinstance(changed.optimizers["discriminator"], Adam)


def test_naming_the_kind_that_is_chosen_already_changes_nothing() -> None:
    assert override(DIGITS, ["networks.pair=dcgan"]) == DIGITS
    assert isinstance(DIGITS.networks, Dcgan) and DIGITS.networks.width == 32
    assert override(DIGITS, ["generator.optimizer=adam", "generator.rate.schedule=cosine"]) == DIGITS


def test_a_schedule_is_chosen_anew_and_then_filled() -> None:
    keys = ["generator.rate.schedule=linear", "generator.rate.start=1", "generator.rate.end=0", "generator.rate.over=9"]
    assert override(DIGITS, keys).numbers()["generator.rate"] == Linear(start=1, end=0, over=9)
    assert isinstance(DIGITS.numbers()["generator.rate"], Cosine)
    whole = "generator.rate={schedule: exponential, start: 0.1, factor: 0.99, unit: images}"
    assert override(DIGITS, [whole]).numbers()["generator.rate"] == Exponential(start=0.1, factor=0.99, unit="images")
    assert override(DIGITS, ["generator.rate=0.5"]).numbers()["generator.rate"] == 0.5


def test_a_number_has_no_keys_until_a_schedule_is_chosen() -> None:
    constant = override(DIGITS, ["generator.rate=0.0002"])
    assert "generator.rate is 0.0002" in refused("generator.rate.start=1", recipe=constant)
    keys = ["generator.rate.schedule=linear", "generator.rate.start=1", "generator.rate.end=0", "generator.rate.over=9"]
    assert override(constant, keys).numbers()["generator.rate"] == Linear(start=1, end=0, over=9)


def test_a_pair_is_chosen_where_the_recipe_leaves_it_open() -> None:
    changed = override(RECIPES["images"], ["networks.pair=dcgan", "networks.width=8"])
    assert isinstance(changed.networks, Dcgan) and changed.networks.width == 8
    assert override(DIGITS, ["networks=by_size"]).networks == "by_size"


def test_a_part_that_is_not_there_is_begun() -> None:
    assert RECIPES["mnist-intro"].average is None
    changed = override(RECIPES["mnist-intro"], ["average.half_life=100", "watch.best.value=losses.generator.total"])
    assert changed.average is not None and changed.average.half_life == 100
    assert changed.watch.best is not None and changed.watch.best.mode == "min"


# YAML


def test_a_recipe_survives_yaml_with_what_a_run_records(tmp_path: Path) -> None:
    recipe = override(
        DIGITS, ["summary='ein Versuch: é #1'", "generator.rate={schedule: linear, start: 1, end: 0, over: 3}"]
    )
    recorded = {"command": "saddlepoint train digits", "machine": {"threads": 1}, "found": {"shape": [1, 8, 8]}}
    path = tmp_path / "mine.yaml"
    path.write_text(to_yaml(recipe, recorded), encoding="utf-8")
    read, beside = read_recipe(path)
    assert read == recipe and beside == recorded
    assert set(recorded) <= set(RECORDED)


def test_a_recipe_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    path.write_text(to_yaml(DIGITS).replace("format: 1", "format: 2"), encoding="utf-8")
    with pytest.raises(UserError, match=r"new\.yaml of format 2; expected format 1; use the newer saddlepoint"):
        read_recipe(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- 1\n- 2\n", ["which holds list", "a mapping"]),
        ("digits\n", ["which holds str"]),
        ("", ["which holds NoneType"]),
        ("a: [1\n", ["no YAML", "ParserError"]),
        ("a: 1\n\tb: 2\n", ["no YAML"]),
        ("!!python/object/apply:os.system ['true']\n", ["no YAML"]),
        ("name: x\n", ["without the key"]),
        ("1: 2\nname: x\n", ["the unknown key '1'"]),
    ],
)
def test_a_file_that_holds_no_recipe(text: str, words: list[str], tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as error:
        read_recipe(path)
    said = str(error.value)
    assert "mine.yaml" in said and "\n" not in said
    assert [word for word in words if word not in said] == [], said


# What a YAML library raises of these has ten kinds, and some take no time to write and for ever to read.
NO_YAML = {
    "a date out of range": "name: 2001-99-99",
    "a tag that its value does not fit, int": "seed: !!int x",
    "a tag that its value does not fit, float": "clip: !!float x",
    "a tag that its value does not fit, timestamp": "name: !!timestamp x",
    "a tag that its value does not fit, bool": "name: !!bool x",
    "an integer of 5000 digits": "seed: " + "9" * 5000,
    "an integer of 9000 hexadecimal digits": "seed: 0x" + "f" * 9000,
    "an integer of 5000 sexagesimal places": "seed: " + ":".join(["1"] * 5000),
    "brackets": "[" * 500,
    "braces": "{" * 500,
    "dashes": "- " * 2000,
    "closed brackets": "data: " + "[" * 100 + "]" * 100,
    "an alias of itself": "data: &a [*a]",
    "a key that is a list": "? [1]\n: 2",
    "a merge with a number": "<<: 1",
    "1e9 values by aliases": "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)),
}


@pytest.mark.parametrize("text", NO_YAML.values(), ids=NO_YAML.keys())
def test_whatever_the_library_raises_or_would_hold_is_one_short_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as error:
        read_recipe(path)
    said = str(error.value)
    assert "mine.yaml, which is no YAML (" in said and "\n" not in said and len(said) < 600
    value = text.partition(": ")[2] or text
    said = refused(f"summary={value}") if not text.startswith("a0") else ""
    assert len(said) < 600


def test_aliases_are_read_where_they_are_few(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    text = to_yaml(DIGITS).replace("size: null", "size: &side [16, 16]").replace("count: null", "count: &n 9")
    path.write_text(text.replace("first: null", "first: 9"))
    assert read_recipe(path)[0].data.size == (16, 16)


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("average.half_life.over=1", ["'average.half_life'", "average to be given as a whole"]),
        ("dynamics.bursts.every.x=1", ["'dynamics.bursts.every'", "dynamics.bursts to be given as a whole"]),
        ("watch.best.value.x=1", ["'watch.best.value'", "watch.best to be given as a whole"]),
    ],
)
def test_a_key_below_a_part_that_is_null_is_explained(assignment: str, words: list[str]) -> None:
    said = refused(assignment, recipe=RECIPES["mnist-intro"])
    assert [word for word in words if word not in said] == [], said


def test_what_is_echoed_is_short() -> None:
    for text in ("seed=" + "9" * 5000, "seed=" + "9" * 70, "name=" + "x" * 5000, f"data.size={[1] * 900}", "x" * 5000):
        assert len(refused(text)) < 600


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.yaml \(No such file"):
        read_recipe(tmp_path / "nowhere.yaml")
    with pytest.raises(UserError, match="readable"):
        read_recipe(tmp_path)
    (tmp_path / "mine.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="no YAML"):
        read_recipe(tmp_path / "mine.yaml")


def test_the_two_image_columns_of_pairs_are_named_as_text() -> None:
    recipe = override(RECIPES["pix2pix-small"], ["data.columns=drawing, photo"])
    assert recipe.data.columns == ("drawing", "photo")
    with pytest.raises(UserError, match=r"data\.columns"):
        override(recipe, ["data.columns=drawing"])


@pytest.mark.parametrize("key", ["training.batch", "penalties.r1", "networks.width", "watch.keep", "generator.rate"])
def test_true_is_no_number(key: str) -> None:
    with pytest.raises(UserError, match=rf"{key} = a truth value .* set {key} to one"):
        override(RECIPES["digits"], [f"{key}=true"])
    assert override(RECIPES["digits"], ["training.compile=true"]).training.compile is True


def test_keys_of_older_runs_are_read_under_their_new_names() -> None:
    older = DIGITS.model_dump(mode="json")
    older["training"] = {**older["training"], "one_call": False, "fast_penalties": False}
    for name in ("joint_scoring", "tangent_penalties"):
        del older["training"][name]
    # Older runs write down that a player of another kind of task has no optimizer, too.
    older["classifier"] = None
    read = recipe_from(older, "an older run")
    assert not read.training.joint_scoring and not read.training.tangent_penalties
    assert read == override(DIGITS, ["training.one_call=false", "training.tangent_penalties=false"])
    drawn = RECIPES["figure1"].model_dump(mode="json")
    drawn["networks"]["spread"] = drawn["networks"].pop("bias_range")
    assert recipe_from(drawn, "an older run") == RECIPES["figure1"]
