"""Which domains there are.

`DOMAIN_REGISTRY` maps a name to an entry. An entry is a dictionary, in one of two forms:

- ``{"name", "description", "module", "domain_class"}``: the class in the module is a `Domain`;
- ``{"name", "description", "module", "create_function", "process_dataset"}``: the function in the module is called
  with the number of samples and returns a data set, and ``process_dataset(dataset, num_samples)`` takes its pairs
  out. Such a domain can be made, run and judged by people, but nothing can film, prove or read its puzzles.

Other packages add domains through the entry-point group ``vmevalkit.domains``: a `Domain` class or such a dictionary.
Modules are imported when a domain is first used.
"""

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from vmevalkit.errors import UnknownNameError, UsageError
from vmevalkit.tasks.domain import Domain
from vmevalkit.tasks.function_domain import FunctionDomain

ENTRY_POINT_GROUP = "vmevalkit.domains"

DOMAIN_REGISTRY: dict[str, dict[str, Any]] = {
    "chess": {
        "name": "Chess",
        "description": "Strategic thinking and tactical pattern recognition",
        "module": "vmevalkit.tasks.chess_task",
        "domain_class": "ChessDomain",
    },
    "maze": {
        "name": "Maze",
        "description": "Spatial reasoning and navigation planning",
        "module": "vmevalkit.tasks.maze_task",
        "domain_class": "MazeDomain",
    },
    "sudoku": {
        "name": "Sudoku",
        "description": "Logical deduction under constraints",
        "module": "vmevalkit.tasks.sudoku_task",
        "domain_class": "SudokuDomain",
    },
    "rotation": {
        "name": "3D rotation",
        "description": "Mental rotation of three-dimensional figures",
        "module": "vmevalkit.tasks.rotation_task",
        "domain_class": "RotationDomain",
    },
    "raven": {
        "name": "Raven matrices",
        "description": "Abstract reasoning by completing a pattern",
        "module": "vmevalkit.tasks.raven_task",
        "domain_class": "RavenDomain",
    },
}

BUILT_IN_DOMAINS = tuple(DOMAIN_REGISTRY)
"""The names of the domains that come with the package."""

AnyDomain = Domain[Any, Any] | FunctionDomain


def domain_names() -> list[str]:
    """Return the names of all domains, the built-in ones first."""
    return [*DOMAIN_REGISTRY, *sorted(set(_foreign()) - set(DOMAIN_REGISTRY))]


def describe(name: str) -> tuple[str, str]:
    """Return a domain's title and description, without importing its module where the registry says both.

    Raises:
        UnknownNameError: there is no such domain.

    """
    entry = DOMAIN_REGISTRY.get(name)
    if entry is not None and entry.get("description"):
        return str(entry.get("name", name)), str(entry["description"])
    domain = get_domain(name)
    return domain.title, domain.description


def get_domain(name: str) -> AnyDomain:
    """Load a domain.

    Raises:
        UnknownNameError: there is no such domain.
        UsageError: its entry or its module is broken.

    """
    entry = DOMAIN_REGISTRY.get(name) or _foreign().get(name)
    if entry is None:
        raise UnknownNameError("domain", name, domain_names())
    if isinstance(entry, dict):
        return _from_dictionary(name, entry)
    try:
        loaded = entry.load()
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"domain {name}: cannot load {entry.value}: {error}",
            hint=f"correct or uninstall the package that adds it: {entry.dist.name}",
        ) from error
    if isinstance(loaded, dict):
        return _from_dictionary(name, loaded)
    return _instance(name, loaded)


def _from_dictionary(name: str, entry: dict[str, Any]) -> AnyDomain:
    attribute = entry.get("domain_class") or entry.get("create_function")
    if not entry.get("module") or not attribute:
        raise UsageError(f"domain {name}: its registry entry needs 'module' and 'create_function'")
    try:
        target = getattr(import_module(entry["module"]), attribute)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"domain {name}: cannot load {attribute} from {entry['module']}: {error}") from error
    if "domain_class" in entry:
        return _instance(name, target)
    process = entry.get("process_dataset") or (lambda dataset, _count: dataset["pairs"])
    return FunctionDomain(name, entry.get("name", name), entry.get("description", ""), target, process)


@cache
def _cached_instance(cls: type[Domain[Any, Any]]) -> Domain[Any, Any]:
    return cls()


def _instance(name: str, target: object) -> Domain[Any, Any]:
    if not (isinstance(target, type) and issubclass(target, Domain)):
        raise UsageError(f"domain {name}: {target!r} is not a Domain class")
    return _cached_instance(target)


@cache
def _foreign() -> dict[str, Any]:
    return {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}
