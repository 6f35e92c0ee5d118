"""Which columns of a table hold the images, the labels and the splits: the image layout of Hugging Face data sets.

Images are a struct {bytes, path} or plain binary; labels a ClassLabel, declared with its names in the schema's metadata
under `huggingface`, or a column with one of the usual names.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from saddlepoint.data.labels.numbers import declared_labels, observed_labels
from saddlepoint.data.layout import SPLIT_NAMES
from saddlepoint.data.source import Options
from saddlepoint.errors import UserError, reading

if TYPE_CHECKING:
    import pyarrow as pa

_IMAGE_NAMES, LABEL_NAMES = ("image", "img"), ("label", "labels", "class", "target", "y")


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Names of columns; class_names None where the schema declares none; split None where no column gives it."""

    image: str
    label: str | None
    class_names: tuple[str, ...] | None
    split: str | None


def choose_columns(schema: "pa.Schema", options: Options, where: str) -> Columns:
    """The columns to read, by the person's choice, the declared features, the types and the usual names, in this order.

    Raises:
        UserError: no image column, several without a telling name, or a column that does not exist.
    """
    import pyarrow as pa

    features = _features(schema)
    for option, name in (("image_column", options.image_column), ("label_column", options.label_column)):
        if name is not None and name not in schema.names:
            raise UserError(
                f"data.{option}={name} for {where}",
                f"one of its columns {', '.join(schema.names)}",
                "choose one of them",
            )

    def holds_labels(kind: "pa.DataType") -> bool:
        return pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)

    possible = image_columns(schema)
    declared = [name for name in possible if _kind(features, name) == "Image"]
    image = options.image_column or _only(declared or possible, _IMAGE_NAMES)
    if image is None or image not in possible:
        kinds = ", ".join(f"{field.name} ({field.type})" for field in schema)
        raise UserError(
            f"{where} with the columns {kinds}",
            "one image column: a struct of bytes and path, or binary",
            "name it with --set data.image_column=NAME" if possible else "give a file that holds images",
        )
    split = "split" if "split" in schema.names and pa.types.is_string(schema.field("split").type) else None
    if not options.labels:
        return Columns(image=image, label=None, class_names=None, split=split)
    named = [name for name in schema.names if _kind(features, name) == "ClassLabel"]
    usual = [name for name in LABEL_NAMES if name in schema.names and holds_labels(schema.field(name).type)]
    label = options.label_column or _only(named, LABEL_NAMES) or (usual[0] if usual and not named else None)
    if named and label is None:
        raise UserError(
            f"{where} with the label columns {', '.join(named)}",
            "a choice of one",
            "choose one with --set data.label_column=NAME, or none with --set data.labels=false",
        )
    names = features[label].get("names") if label is not None and label in named else None
    class_names = tuple(map(str, names)) if names and isinstance(names, list) else None
    return Columns(image=image, label=label, class_names=class_names, split=split)


def image_columns(schema: "pa.Schema") -> list[str]:
    """The columns that by their type may hold image files: a struct with bytes, or binary; in the schema's order."""
    import pyarrow as pa

    def holds_bytes(kind: "pa.DataType") -> bool:
        return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)

    def holds_images(kind: "pa.DataType") -> bool:
        within = {child.name: child.type for child in kind.fields} if pa.types.is_struct(kind) else {}
        return holds_bytes(kind) or holds_bytes(within.get("bytes", pa.null()))

    return [field.name for field in schema if holds_images(field.type)]


def column_labels(values: "pa.ChunkedArray", columns: Columns, where: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """A label column as numbers and names.

    Raises:
        UserError: empty cells, labels outside the declared range, or cells of another type.
    """
    where = f"column {columns.label} of {where}"
    if values.null_count:
        raise UserError(f"{values.null_count} empty cells in {where}", "a label in each row", "label these rows")
    with reading(f"{where}, which cannot be read", "whole cells", "get or make the file again"):
        plain = np.asarray(values.to_pylist())
    if columns.class_names is None:
        return observed_labels(plain, where)
    return declared_labels(plain, columns.class_names, where)


def split_indices(names: np.ndarray, where: str) -> dict[str, np.ndarray]:
    """Indices by split from the split's name of each row; empty where there is only one.

    Raises:
        UserError: a name that is no split.
    """
    distinct = sorted(set(names.tolist()))
    unknown = [name for name in distinct if str(name).lower() not in SPLIT_NAMES]
    if unknown:
        raise UserError(
            f"split {unknown[0]!r} in {where}", "train, validation or test", "rename it, or drop the column or file"
        )
    if len(distinct) < 2:
        return {}
    settled = np.array([SPLIT_NAMES[str(name).lower()] for name in names.tolist()])
    return {name: np.flatnonzero(settled == name) for name in sorted(set(settled.tolist()))}


def _features(schema: "pa.Schema") -> Mapping[str, Any]:
    """The declared features, {} where there are none or what is declared cannot be read."""
    try:
        with reading("the declared features", "JSON", "declare them anew"):
            declared = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    except UserError:
        return {}
    for key in ("info", "features"):
        declared = declared.get(key) if isinstance(declared, dict) else None
    return declared if isinstance(declared, dict) else {}


def _kind(features: Mapping[str, Any], name: str) -> str | None:
    feature = features.get(name)
    return feature.get("_type") if isinstance(feature, dict) else None


def _only(names: list[str], usual: tuple[str, ...]) -> str | None:
    """The only name, or among several the first usual one."""
    if len(names) == 1:
        return names[0]
    return next((name for name in usual if name in names), None)
