"""The table of kinds, in the order in which they are shown."""

from benchmarks.hostile import (
    archives,
    arguments,
    damage,
    disk,
    environment,
    formulas,
    kills,
    manifests,
    misuse,
    names,
    pictures,
    recipes,
    signals,
    weights,
)
from benchmarks.hostile.kind import Kind

KINDS: tuple[Kind, ...] = (
    kills.KIND,
    signals.KIND,
    disk.KIND,
    environment.KIND,
    damage.KIND,
    manifests.KIND,
    weights.KIND,
    pictures.KIND,
    archives.KIND,
    names.KIND,
    formulas.KIND,
    recipes.YAML,
    recipes.SET,
    arguments.KIND,
    misuse.KIND,
)
