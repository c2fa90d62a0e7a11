"""Rooms, floors and arrows of the packages, counted from their imports; exit code 1 where a rule is broken.

    python -m scripts.architecture [CHECKOUT]

A room is a folder that holds modules, or a module at the root of its package. An arrow leads from a room to one that
it imports. What is allowed is in ``architecture_rules.py``. An older tree, whose rooms are other ones, is counted too;
its rooms are put into the order with the fewest arrows running up that a greedy search finds.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from scripts.architecture_rules import FLOORS, FRONT, HUB, LEAVES, MOST_MODULES, ONE_HOME, PACKAGES


@dataclass(frozen=True)
class Module:
    """One module of the product.

    Attributes:
        name: dotted, with its package.
        path: below the root of the checkout.
        imports: full names of all that it imports, inside functions too.
    """

    name: str
    path: str
    imports: frozenset[str]

    @property
    def package(self) -> str:
        return self.name.partition(".")[0]

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def is_facade(self) -> bool:
        """Whether this is an ``__init__``, which may offer what lies in any room of its package."""
        return self.path.endswith("__init__.py")

    @property
    def room(self) -> str:
        """Its folder below the package, dotted; the module itself where it lies at the package's root."""
        _, _, rest = self.name.partition(".")
        return rest.rpartition(".")[0] or rest

    @property
    def libraries(self) -> frozenset[str]:
        return frozenset(name.partition(".")[0] for name in self.imports)


@dataclass(frozen=True)
class House:
    """One package: its modules and what follows from their imports."""

    package: str
    modules: tuple[Module, ...]

    @cached_property
    def rooms(self) -> frozenset[str]:
        return frozenset(module.room for module in self.modules)

    @cached_property
    def arrows(self) -> Mapping[tuple[str, str], tuple[tuple[str, str], ...]]:
        """(from, to) -> the imports behind the arrow, as pairs of module names."""
        room_of = {module.name: module.room for module in self.modules}
        found: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for module in self.modules:
            for target in sorted(module.imports & room_of.keys()):
                if room_of[target] != module.room:
                    found.setdefault((module.room, room_of[target]), []).append((module.name, target))
        return {arrow: tuple(imports) for arrow, imports in sorted(found.items())}

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Rooms from the top floor down: as declared, or for an older tree as a search finds them."""
        declared = FLOORS.get(self.package, ())
        return declared if self.rooms <= set(declared) else order_rooms(self.rooms, self.arrows)

    @cached_property
    def rising(self) -> tuple[tuple[str, str], ...]:
        """Arrows that run up."""
        floor = {room: number for number, room in enumerate(self.order)}
        return tuple((start, end) for start, end in self.arrows if floor[start] > floor[end])

    @cached_property
    def num_floors(self) -> int:
        """The number of rooms on the longest way down."""
        below = {arrow for arrow in self.arrows if arrow not in self.rising}
        height: dict[str, int] = {}
        for room in reversed(self.order):
            height[room] = 1 + max((height[end] for start, end in below if start == room), default=0)
        return max(height.values(), default=0)

    @cached_property
    def folder_sizes(self) -> Mapping[str, int]:
        """Modules in each folder."""
        return dict(Counter(module.folder for module in self.modules))


def order_rooms(rooms: Iterable[str], arrows: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """An order in which few arrows run up (Eades, Lin and Smyth 1993, "A fast and effective heuristic for the feedback
    arc set problem"): a room that nothing imports goes to the top, one that imports nothing to the bottom, and where
    there is neither, the one with the largest surplus of arrows going out goes to the top."""
    left, ahead = set(rooms), set(arrows)
    top, bottom = list[str](), list[str]()
    while left:
        going_out = Counter(start for start, _ in ahead)
        coming_in = Counter(end for _, end in ahead)
        sink = next((room for room in sorted(left) if not going_out[room]), None)
        room = sink or max(sorted(left), key=lambda room: (not coming_in[room], going_out[room] - coming_in[room]))
        (bottom if sink else top).append(room)
        left.remove(room)
        ahead = {arrow for arrow in ahead if room not in arrow}
    return (*top, *reversed(bottom))


def read_modules(root: Path, package: str) -> tuple[Module, ...]:
    """All modules of a package of the checkout at ``root``, ``__init__`` among them."""
    return tuple(_read_module(root, path) for path in sorted((root / package).rglob("*.py")))


def read_house(root: Path, package: str) -> House:
    """A package of the checkout at ``root``, without its ``__init__`` modules."""
    return House(package, tuple(module for module in read_modules(root, package) if not module.is_facade))


def _read_module(root: Path, path: Path) -> Module:
    place = path.relative_to(root)
    imports = frozenset(_imported(ast.parse(path.read_text(encoding="utf-8"))))
    return Module(".".join(place.with_suffix("").parts), place.as_posix(), imports)


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def find_breaches(root: Path) -> list[str]:
    """A line for every rule that the checkout at ``root`` breaks."""
    houses = [read_house(root, package) for package in PACKAGES]
    return [*find_library_breaches(root), *(line for house in houses for line in find_room_breaches(house))]


def find_library_breaches(root: Path) -> list[str]:
    """What breaks the star of packages, and libraries that are imported outside of their home."""
    return [*_star_breaches(root), *_home_breaches(root)]


def find_room_breaches(house: House) -> list[str]:
    """Arrows that run up, rooms that no list knows, and folders that are too full."""
    return [*_floor_breaches(house), *_size_breaches(house)]


def _star_breaches(root: Path) -> Iterator[str]:
    """Leaves know neither each other nor the hub, and import their own libraries only; the hub does not know the
    front."""
    for module in read_modules(root, HUB):
        if FRONT in module.libraries:
            yield f"{module.path} imports {FRONT}, which {HUB} may not"
    for package, libraries in LEAVES.items():
        allowed = libraries | {package} | sys.stdlib_module_names
        for module in read_modules(root, package):
            for foreign in sorted(module.libraries - allowed):
                yield f"{module.path} imports {foreign}, which {package} may not"


def _home_breaches(root: Path) -> Iterator[str]:
    modules = [module for package in PACKAGES for module in read_modules(root, package)]
    for library, home in ONE_HOME.items():
        users = [module.path for module in modules if library in module.libraries]
        if not users:
            yield f"nothing imports {library}: its home {home} has gone"
        yield from (f"{path} imports {library}, whose home is {home}" for path in users if not path.startswith(home))


def _floor_breaches(house: House) -> Iterator[str]:
    """Every room stands in the list, every room of the list exists, and arrows run down."""
    declared = FLOORS[house.package]
    yield from (f"{house.package}: {room} stands in no list of floors" for room in sorted(house.rooms - set(declared)))
    yield from (f"{house.package}: {room} is listed, but not there" for room in declared if room not in house.rooms)
    for arrow in house.rising:
        for start, end in house.arrows[arrow]:
            yield f"{start} imports {end}, which lies above it"


def _size_breaches(house: House) -> Iterator[str]:
    for folder, size in house.folder_sizes.items():
        if size > MOST_MODULES:
            yield f"{folder} has {size} modules, more than {MOST_MODULES}"


def describe(house: House) -> str:
    """One line of figures."""
    largest = max(house.folder_sizes, key=lambda folder: house.folder_sizes[folder])
    return (
        f"{house.package:14}{len(house.modules):4} modules {len(house.rooms):3} rooms {house.num_floors:3} floors "
        f"{len(house.arrows):4} arrows ({len(house.rising)} up), largest folder {largest} "
        f"({house.folder_sizes[largest]})"
    )


def main() -> None:
    """Print the figures of a checkout, this one unless one is named, and then what breaks a rule."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1]
    for package in PACKAGES:
        print(describe(read_house(root, package)))
    breaches = find_breaches(root)
    print(*breaches, sep="\n")
    sys.exit(bool(breaches))


if __name__ == "__main__":
    main()
