"""What a cached result depends on, as one fingerprint.

The fingerprint of a module covers its code and that of everything of this project that it imports, the
versions of the packages that those import, and whatever else is given (options, the hash of a model).
Comments, formatting and docstrings do not count.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OWN = ("tavi_perception", "training")

_LENGTH = 16
"""Hexadecimal digits of a fingerprint that names a folder."""


def fingerprint(*modules: str, root: Path = ROOT, without: tuple[str, ...] = (), **given: object) -> str:
    """Hexadecimal digits that change with whatever a result of ``modules`` can depend on.

    Args:
        modules: dotted names of this project's modules that make the result.
        root: folder that holds the project's packages.
        without: modules that are left out, since all that the result depends on of them is ``given``.
        given: what else it depends on, by name; told apart by its ``repr``.

    Raises:
        ModuleNotFoundError: there is no such module.
    """
    found = _closure(modules, root, without)
    parts = [f"{name} {module.code}" for name, module in sorted(found.items())]
    parts += [f"{name} {_version(name)}" for name in sorted(_foreign(found.values()))]
    parts += [f"{name} {value!r}" for name, value in sorted(given.items())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:_LENGTH]


@dataclass(frozen=True)
class _Module:
    """A source file: hash of its code, and the names of the modules that it imports."""

    code: str
    imports: tuple[str, ...]


def _closure(modules: tuple[str, ...], root: Path, without: tuple[str, ...]) -> dict[str, _Module]:
    """The project's modules that ``modules`` import, directly or not, and they themselves."""
    found: dict[str, _Module] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        file = _file_of(name, root)
        if name in found or name in without or file is None:
            continue
        found[name] = _read(file, file.stat().st_mtime_ns)
        waiting += [each for each in found[name].imports if each.partition(".")[0] in OWN]
        if "." in name:
            waiting.append(name.rpartition(".")[0])
    missing = [name for name in modules if name not in found]
    if missing:
        raise ModuleNotFoundError(f"fingerprint: {root} has no module {', '.join(missing)}")
    return found


def _file_of(name: str, root: Path) -> Path | None:
    path = root.joinpath(*name.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


@cache
def _read(file: Path, _changed_ns: int) -> _Module:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imports = tuple(_imports(tree))
    return _Module(hashlib.sha256(ast.dump(_Bare().visit(tree)).encode()).hexdigest(), imports)


def _imports(tree: ast.Module) -> Iterator[str]:
    """Modules that a file imports; of ``from a import b`` both a and a.b, which may be a module too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


class _Bare(ast.NodeTransformer):
    """Takes out strings that stand by themselves: docstrings of modules, classes, functions and constants."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        alone = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if alone else self.generic_visit(node)


def _foreign(modules: Iterable[_Module]) -> set[str]:
    """Top-level names of what is imported from elsewhere, without the standard library."""
    names = {name.partition(".")[0] for module in modules for name in module.imports}
    return names - set(OWN) - set(sys.stdlib_module_names) - {"__future__"}


@cache
def _version(module: str) -> str:
    """Version of the package that brings ``module``; empty where it is not installed."""
    with suppress(PackageNotFoundError):
        return version(module)
    return " ".join(f"{each} {version(each)}" for each in sorted(set(_distributions().get(module, ()))))


@cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()
