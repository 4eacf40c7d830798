"""The Markdown reference of the simulation's configuration, read from the declarations in the code."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import fields

from tavi_perception.simulation.config import SimulationConfig


def configuration_tables() -> Iterator[str]:
    """Lines of a section with a table for each group of ``SimulationConfig``."""
    config = SimulationConfig()
    for group in fields(config):
        values = getattr(config, group.name)
        told = field_texts(type(values))
        yield f"## {group.name}"
        yield ""
        yield " ".join((inspect.getdoc(type(values)) or "").split())
        yield ""
        yield "| field | drawn from | meaning |"
        yield "|---|---|---|"
        for field in fields(values):
            yield f"| `{field.name}` | `{getattr(values, field.name)!r}` | {told[field.name]} |"
        yield ""


def field_texts(config: type) -> dict[str, str]:
    """What is written about each field of a configuration class: the string below it or a comment."""
    lines = inspect.getsource(config).splitlines()
    (tree,) = ast.parse("\n".join(lines)).body
    assert isinstance(tree, ast.ClassDef)
    texts: dict[str, str] = {}
    for node, following in zip(tree.body, [*tree.body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            comment = lines[(node.end_lineno or node.lineno) - 1].partition("#")[2]
            text = _string(following) or comment
            texts[node.target.id] = " ".join(text.split())
    return texts


def _string(node: ast.stmt | None) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return str(node.value.value)
    return ""
