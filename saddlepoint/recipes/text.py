"""Recipes as text: YAML in and out, `--set key=value`, and errors that name the nearest known key."""

import difflib
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from saddlepoint.errors import UserError, reading
from saddlepoint.game.steps import Adam, Optimizer
from saddlepoint.recipes.by_size import BY_SIZE, BySize
from saddlepoint.recipes.kinds import KINDS, Kind
from saddlepoint.recipes.parts import TaskPart, cut, shown
from saddlepoint.recipes.specification import Recipe

# Choosing one of these chooses the whole part anew: the options of another network pair do not carry over.
TAGS = ("pair", "optimizer", "schedule", "kind")
# Keys of older runs, which are read, and what they are called now.
RENAMED = {
    "training.fast_penalties": "training.tangent_penalties",
    "training.one_call": "training.joint_scoring",
    "networks.spread": "networks.bias_range",
}
# How pydantic calls a key that a model and a dataclass do not have, or that is no text.
_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument", "invalid_key")
# What a branch of a union says when the value is nothing like it.
_OTHER_BRANCH = ("dataclass_type", "dataclass_exact_type")
# What a text may hold: a run may record as many classes, and nobody nests so deeply. A few lines of aliases hold more.
_MOST_VALUES, _DEEPEST, _LONGEST_INTEGER = 1_000_000, 50, 256
# What a run adds to its recipe.yaml; not part of the recipe.
RECORDED = ("command", "weights_from", "weights_step", "started", "machine", "versions", "found", "changed")


def recipe_from(data: Any, where: str) -> Recipe:
    """A recipe from plain data.

    Args:
        data: nested mappings, as YAML gives them.
        where: what a person would call this recipe, for errors.

    Raises:
        UserError: a key is unknown, or a value is not what it should be.
    """
    if not isinstance(data, Mapping):
        raise UserError(
            f"{where}, which holds {type(data).__name__}", "a mapping of recipe keys", "see `saddlepoint recipes NAME`"
        )
    version = data.get("format", 1)
    if isinstance(version, int) and version > 1:
        raise UserError(f"{where} of format {shown(version)}", "format 1", "use the newer saddlepoint that wrote it")
    parts = {key: value for key, value in data.items() if key not in RECORDED}
    for old, new in RENAMED.items():
        part, _, last = old.partition(".")
        if isinstance(parts.get(part), Mapping) and last in parts[part]:
            parts[part] = {new.partition(".")[2] if name == last else name: each for name, each in parts[part].items()}
    kind, parts["task"] = _task(parts.get("task"), where)
    parts["optimizers"] = _optimizers(parts, parts["task"].players, where)
    if "networks" in parts:
        parts["networks"] = _networks(parts["networks"], kind, where)
    made = _validated(Recipe, parts, where)
    for key in _truths_as_numbers(data, made.model_dump(mode="json")):
        raise UserError(f"{key} = a truth value in {where}", "a number, or what else it may be", f"set {key} to one")
    return made


def _task(given: Any, where: str) -> tuple[Kind, TaskPart]:
    """The kind of task that is described, and its options."""
    if isinstance(given, TaskPart):
        return KINDS[given.kind], given
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        raise UserError(f"task = {shown(given)} in {where}", "a mapping with its kind", "write it like task.kind=cycle")
    # Runs from before there were other kinds do not name theirs.
    name = given.get("kind", next(iter(KINDS)))
    if not isinstance(name, str) or name not in KINDS:
        raise UserError(f"task.kind = {shown(name)} in {where}", f"one of {', '.join(KINDS)}", "choose one of these")
    return KINDS[name], _validated(KINDS[name].options, given, where, "task")


def _optimizers(parts: dict[str, Any], players: Sequence[str], where: str) -> dict[str, Any]:
    """The optimizers by player, taken out of the recipe's keys; a player that is not named has Adam."""
    named = {name: parts.pop(name) for name in dict.fromkeys((*players, *all_players())) if name in parts}
    if parts.get("optimizers"):
        raise _unknown("optimizers", where)
    # Who does not play has none: older runs write that down.
    given = {name: value for name, value in named.items() if value is not None or name in players}
    if gone := [name for name, value in given.items() if value is None]:
        raise UserError(
            f"{gone[0]} = null in {where}",
            f"an optimizer for each player: {', '.join(players)}",
            f"set {gone[0]}.optimizer=adam",
        )
    return {
        name: Adam() if name not in given else _validated(Optimizer, given[name], where, name)
        for name in dict.fromkeys((*players, *given))
    }


def _networks(given: Any, kind: Kind, where: str) -> Any:
    """The networks that are described, as the kind of task can have them."""
    if given is None or is_dataclass(given):
        return given
    pair = given.get("pair") if isinstance(given, Mapping) else given
    known = (*kind.networks, *kind.open_words)
    if not isinstance(given, Mapping):
        if given in kind.open_words:
            return given
        raise UserError(f"networks = {shown(given)} in {where}", f"one of {', '.join(known)}", "set networks.pair")
    if pair == BY_SIZE and BY_SIZE in kind.open_words:
        return _validated(BySize, given, where, "networks")
    if not isinstance(pair, str) or pair not in kind.networks:
        raise UserError(
            f"networks.pair = {shown(pair)} for the task {kind.name} in {where}",
            f"one of {', '.join(known) or 'none: the task has its own'}",
            "set networks.pair" if known else "set networks=null",
        )
    return _validated(kind.networks[pair], given, where, "networks")


def _validated(form: Any, given: Any, where: str, *prefix: str) -> Any:
    """What was given in a typed form; a mistake names its key, which begins with the prefix."""
    try:
        return _adapter(form).validate_python(given)
    except ValidationError as error:
        raise _explained(error, where, prefix) from None


@cache
def _adapter(form: Any) -> TypeAdapter:
    return TypeAdapter(form)


def all_players() -> tuple[str, ...]:
    """Whoever plays in any kind of task that names its players."""
    return tuple(dict.fromkeys(name for kind in KINDS.values() for name in kind.options.known_players))


def _truths_as_numbers(given: Mapping[str, Any], taken: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Keys whose truth value was taken for a number: pydantic, like Python, lets true be 1."""
    for name, value in given.items():
        number = taken.get(name)
        if isinstance(value, Mapping) and isinstance(number, Mapping):
            yield from _truths_as_numbers(value, number, f"{prefix}{name}.")
        elif isinstance(value, bool) and isinstance(number, int | float) and not isinstance(number, bool):
            yield f"{prefix}{name}"


def read_recipe(path: Path) -> tuple[Recipe, dict[str, Any]]:
    """The recipe in a YAML file, and what a run has recorded beside it.

    Raises:
        UserError: the file is not there, is no YAML, or holds no recipe.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"recipe {path} ({error.strerror})", "a readable YAML file", "check the path") from None
    data = _parsed(content, f"recipe {path}, which is no YAML", "a YAML file", "mend it at that place")
    recipe = recipe_from(data, f"recipe {path}")
    return recipe, {key: data[key] for key in RECORDED if key in data}


def to_yaml(recipe: Recipe, recorded: Mapping[str, Any] | None = None) -> str:
    """The recipe, and what a run records beside it, as YAML that `read_recipe` reads back equal."""
    import yaml  # here and below, because whoever lists recipes need not wait for it

    data = recipe.model_dump(mode="json")
    return yaml.safe_dump({**data, **(recorded or {})}, sort_keys=False, allow_unicode=True, width=120)


def override(recipe: Recipe, assignments: Sequence[str]) -> Recipe:
    """A recipe with some leaves changed.

    Args:
        recipe: the one to start from.
        assignments: "key.key=value" each, the value as YAML; applied in order.

    Raises:
        UserError: an assignment has another form, its key is unknown, or its value is not what it should be.
    """
    data = recipe.model_dump(mode="json")
    for assignment in assignments:
        key, separator, text = assignment.partition("=")
        if not separator or not key.strip():
            raise UserError(f"--set {shown(assignment)}", "KEY=VALUE", "write it like --set training.batch=32")
        value = _parsed(
            text.encode(errors="surrogatepass"),
            f"--set {shown(assignment)}",
            "a value in YAML",
            "quote a text, and write numbers as they are",
        )
        _assign(data, key.strip().split("."), value, assignment)
    return recipe_from(data, "--set " + " ".join(map(cut, assignments)))


def known_keys() -> tuple[str, ...]:
    """Every key that a recipe may have, dotted."""
    return _known_keys(tuple(KINDS.values()))


@cache
def _known_keys(kinds: tuple[Kind, ...]) -> tuple[str, ...]:
    keys: list[str] = []
    for key in _keys(Recipe, ""):
        if key == "optimizers":
            keys += [each for name in all_players() for each in (name, *_keys(Optimizer, f"{name}."))]
            continue
        keys.append(key)
        if key in ("task", "networks"):
            forms = [form for kind in kinds for form in ([kind.options] if key == "task" else kind.networks.values())]
            keys += [each for form in forms for each in _keys(form, f"{key}.")]
    return tuple(dict.fromkeys(keys))


def _parsed(content: bytes, got: str, expected: str, cure: str) -> Any:
    """What a YAML text holds, if it is no more than a recipe and what a run records can be.

    Raises:
        UserError: it is no YAML, or too much.
    """
    import yaml

    with reading(got, expected, cure):
        data = yaml.safe_load(content.decode())
    # Aliases make a few lines hold 1e9 values, or themselves: what is walked is counted.
    walked, waiting = 0, [(data, 0)]
    while waiting:
        value, depth = waiting.pop()
        walked += 1
        if walked > _MOST_VALUES or depth > _DEEPEST:
            too = f"more than {_MOST_VALUES:,} values" if walked > _MOST_VALUES else f"parts within parts, {depth} deep"
            raise UserError(f"{got} ({too})", expected, "write less of it")
        if isinstance(value, int) and value.bit_length() > _LONGEST_INTEGER:
            raise UserError(f"{got} (an integer of {value.bit_length():,} bits)", expected, "write a smaller number")
        if isinstance(value, Mapping):
            waiting += [(part, depth + 1) for pair in value.items() for part in pair]
        elif isinstance(value, list | tuple | set):
            waiting += [(part, depth + 1) for part in value]
    return data


def _assign(data: dict[str, Any], path: list[str], value: Any, assignment: str) -> None:
    if len(path) > 1 and path[0] in all_players():
        # Whether it plays may be another assignment's business.
        data.setdefault(path[0], {})
    for depth, name in enumerate(path[:-1]):
        if name not in data:
            raise _unknown(".".join(path[: depth + 1]), f"--set {cut(assignment)}")
        chooses_anew = depth == len(path) - 2 and path[-1] in TAGS
        if data[name] is None or (chooses_anew and not isinstance(data[name], dict)):
            data[name] = {}
        if depth == 0 and name == "networks" and data[name] == BY_SIZE:
            # What is not said stays open.
            data[name] = {"pair": BY_SIZE}
        if not isinstance(data[name], dict):
            raise UserError(
                f"--set {shown(assignment)}, where {'.'.join(path[: depth + 1])} is {shown(data[name])}",
                "a part with keys of its own",
                f"set {'.'.join(path[: depth + 1])} to a mapping first, or to another value as a whole",
            )
        data = data[name]
    if path[-1] in TAGS and data.get(path[-1]) != value:
        data.clear()
    data[path[-1]] = value


def _unknown(key: str, where: str) -> UserError:
    known = known_keys()
    part, _, last = key.rpartition(".")
    if key in known:
        tag = next((f"{part}.{tag}" for tag in TAGS if f"{part}.{tag}" in known), None)
        if tag is None:
            # The part was null, and is not given by a key below one of its own.
            return UserError(
                f"the key {key!r} in {where}", f"{part} to be given as a whole first", f"set {part} to a mapping"
            )
        # Another pair, optimizer or schedule than the chosen one has it.
        return UserError(
            f"the key {key!r} in {where}", f"a key of the {tag} that is chosen", f"set another {tag} first"
        )
    near = [name for name in known if name.rpartition(".")[2] == last and not part][:1]
    near = near or difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    near = near or [name for name in known if name.rpartition(".")[2] == last][:1]
    near = near or difflib.get_close_matches(last, [name.rpartition(".")[2] for name in known], n=1, cutoff=0.5)
    cure = f"did you mean {near[0]!r}?" if near else "`saddlepoint recipes NAME` shows all keys"
    return UserError(f"the unknown key {key!r} in {where}", "a key that recipes have", cure)


def _explained(error: ValidationError, where: str, prefix: Sequence[str] = ()) -> UserError:
    everything: list[Any] = [{**problem, "loc": (*prefix, *problem["loc"])} for problem in error.errors()]
    problems = [problem for problem in everything if problem["type"] not in _OTHER_BRANCH]
    # A number that may be a schedule reports both; who wrote a mapping meant the schedule.
    problems = [each for each in problems if not (each["type"].startswith("float") and isinstance(each["input"], dict))]
    # A union reports each of its branches. Those whose tag does not match are not what the person meant.
    tags = [each for each in problems if each["type"] == "literal_error" and each["loc"][-1] in TAGS]
    foreign = {each["loc"][:-1] for each in tags}
    meant = [each for each in problems if not any(each["loc"][: len(loc)] == loc for loc in foreign)]
    if tags and not meant:
        known = ", ".join(dict.fromkeys(each.get("ctx", {})["expected"] for each in tags))
        given = f"{tags[0]['loc'][-1]} = {shown(tags[0]['input'])} in {where}"
        return UserError(given, f"one of {known}", "choose one of these")
    problem = (meant or everything)[0]
    for candidate in meant:
        if candidate["type"] in _UNKNOWN:
            problem = candidate
            break
    original = problem.get("ctx", {}).get("error")
    if isinstance(original, UserError):
        return original
    # The last name is what the person wrote, known or not; those before it may be branches of unions.
    names = [str(name) for name in problem["loc"]]
    inner = [name for name in names[:-1] if not _is_branch(name)]
    last = [name for name in names[-1:] if not _is_branch(name) or problem["type"] in _UNKNOWN]
    key = ".".join(inner + last)
    if problem["type"] in _UNKNOWN:
        return _unknown(key, where)
    if problem["type"] in ("missing", "missing_argument"):
        return UserError(f"{where} without the key {key!r}", "a value for it", f"add {key}")
    expected = str(original) if original is not None else problem["msg"][0].lower() + problem["msg"][1:]
    return UserError(
        f"{key} = {shown(problem['input'])} in {where}", expected, f"set {key} to such a value" if key else "mend it"
    )


def _is_branch(name: str) -> bool:
    # pydantic puts the name of a union's branch into the location: "Adam", "float", "dcgan", "literal['by_size']".
    return not name.isdigit() and name not in {part for key in known_keys() for part in key.split(".")}


def _keys(kind: Any, prefix: str) -> Iterator[str]:
    if typing.get_origin(kind) in (typing.Union, types.UnionType, typing.Annotated):
        for branch in typing.get_args(kind):
            yield from _keys(branch, prefix)
        return
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        members: list[tuple[str, Any]] = [(name, field.annotation) for name, field in kind.model_fields.items()]
    elif isinstance(kind, type) and is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        members = [(field.name, hints[field.name]) for field in fields(kind)]
    else:
        return
    for name, annotation in members:
        yield prefix + name
        yield from _keys(annotation, f"{prefix}{name}.")
