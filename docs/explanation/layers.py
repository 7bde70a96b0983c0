"""Draws which folder imports which: `python docs/explanation/layers.py` writes `layers.svg` beside it.

Rows are the layers of the import contracts in `pyproject.toml`, arrows are imports found by grimp in the source. An arrow is left
out where a longer way says it already (transitive reduction), and an arrow between two packages stands for all between them.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import grimp

ROOT = Path(__file__).parents[2]
PICTURE = Path(__file__).with_suffix(".svg")
PACKAGES = {
    "adapters": ("what touches the outside", "#eaf1fb", "#2f5d9b"),
    "projections": ("read models", "#fdf3df", "#8a6414"),
    "domain": ("the rules and their use cases", "#e8f5ec", "#2c6e49"),
}
WIDTH, MARGIN = 860, 24
ROW, BOX, TITLE, BETWEEN = 68, 32, 46, 44
GAP, BEND = 34, 6  # between boxes, and for an arrow that passes a row
LETTER = 8.3
SWEEPS = 24
STIFFNESS = 8  # how much more a bend keeps to its own arrow than a box to its neighbours: long arrows run straight

Edge = tuple[str, str]


@dataclass
class Drawing:
    """A package: boxes and bends in rows, each with its place from left to right, and the ways of its arrows from row to row."""

    rows: list[list[str]]
    edges: list[Edge]
    ways: dict[Edge, list[str]] = field(default_factory=dict)
    x: dict[str, float] = field(default_factory=dict)


def rows_of(package: str) -> list[list[str]]:
    """The layers of a package, as its contract draws them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract.get("containers") == [package])
    return [layer.replace("|", " ").replace(":", " ").split() for layer in layers]


def imports_between(graph: grimp.ImportGraph, package: str) -> set[Edge]:
    """Pairs of folders (or modules beside them) of which the first imports the second."""
    found = set()
    for importer in graph.find_descendants(package):
        for imported in graph.find_modules_directly_imported_by(importer):
            if imported.startswith(f"{package}."):
                found.add((importer.split(".")[1], imported.split(".")[1]))
    return {(importer, imported) for importer, imported in found if importer != imported}


def reduced(edges: set[Edge]) -> list[Edge]:
    """Edges without those that a longer way implies; expects no circle."""
    below: dict[str, set[str]] = {}
    for importer, imported in edges:
        below.setdefault(importer, set()).add(imported)

    def reaches(start: str, goal: str) -> bool:
        return goal in below.get(start, ()) or any(reaches(each, goal) for each in below.get(start, ()))

    return sorted(
        (importer, imported)
        for importer, imported in edges
        if not any(reaches(other, imported) for other in below[importer] - {imported})
    )


def width(name: str) -> float:
    return BEND if "→" in name else len(name) * LETTER + 26


def with_bends(rows: Sequence[Sequence[str]], edges: Iterable[Edge]) -> Drawing:
    """Give each arrow that passes a row a bend there, so that it runs between the boxes."""
    drawing = Drawing([list(row) for row in rows], sorted(edges))
    row_of = {name: number for number, row in enumerate(rows) for name in row}
    for edge in drawing.edges:
        bends = [f"{edge[0]}→{edge[1]}@{number}" for number in range(row_of[edge[0]] + 1, row_of[edge[1]])]
        for bend in bends:
            drawing.rows[int(bend.rpartition("@")[2])].append(bend)
        drawing.ways[edge] = [edge[0], *bends, edge[1]]
    return drawing


def mean(weighted: Sequence[tuple[float, int]]) -> float:
    return sum(place * weight for place, weight in weighted) / sum(weight for _, weight in weighted)


def side_by_side(row: Sequence[str], wanted: Mapping[str, float]) -> dict[str, float]:
    """Places nearest to the wanted ones (least squares) that keep the order and let nothing overlap.

    Without the room that boxes take, the places only have to ascend: neighbours out of order are pooled at their mean.
    """
    offsets = [0.0]
    for left, right in pairwise(row):
        offsets.append(offsets[-1] + (width(left) + width(right)) / 2 + GAP)
    pools: list[list[tuple[float, int]]] = []
    for name, offset in zip(row, offsets, strict=True):
        pools.append([(wanted[name] - offset, STIFFNESS if "→" in name else 1)])
        while len(pools) > 1 and mean(pools[-2]) > mean(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    places = [mean(pool) for pool in pools for _ in pool]
    return {name: place + offset for name, place, offset in zip(row, places, offsets, strict=True)}


def crossings(drawing: Drawing) -> int:
    """How often arrows cross."""
    place = {name: number for row in drawing.rows for number, name in enumerate(row)}
    row_of = {name: number for number, row in enumerate(drawing.rows) for name in row}
    steps = [step for way in drawing.ways.values() for step in pairwise(way)]
    return sum(
        (place[a] - place[c]) * (place[b] - place[d]) < 0
        for number, (a, b) in enumerate(steps)
        for c, d in steps[number + 1 :]
        if row_of[a] == row_of[c]
    )


def swapped(drawing: Drawing) -> bool:
    """Exchange two neighbours of a row where that saves a crossing; False where none does."""
    fewest = crossings(drawing)
    for row in drawing.rows:
        for number in range(len(row) - 1):
            row[number : number + 2] = row[number + 1], row[number]
            if crossings(drawing) < fewest:
                return True
            row[number : number + 2] = row[number + 1], row[number]
    return False


def arrange(drawing: Drawing) -> None:
    """Put each box near those it is tied to, row by row, down and up again; keep the order with the fewest crossings."""
    ties: dict[str, tuple[list[str], list[str]]] = {name: ([], []) for row in drawing.rows for name in row}
    for way in drawing.ways.values():
        for upper, lower in pairwise(way):
            ties[upper][1].append(lower)
            ties[lower][0].append(upper)
    middle = WIDTH / 2
    for row in drawing.rows:
        drawing.x |= side_by_side(row, dict.fromkeys(row, middle))
    best, fewest = [list(row) for row in drawing.rows], crossings(drawing)

    def wanted(name: str, sides: Sequence[int]) -> float:
        tied = [
            (drawing.x[other], STIFFNESS if "→" in name and "→" in other else 1) for side in sides for other in ties[name][side]
        ]
        return mean(tied) if tied else drawing.x[name]

    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for number in range(len(drawing.rows))[:: 1 if down else -1]:
            row = drawing.rows[number]
            aims = {name: wanted(name, [0 if down else 1]) for name in row}
            row.sort(key=lambda name: (aims[name], name))
            drawing.x |= side_by_side(row, aims)
        if (now := crossings(drawing)) < fewest:
            best, fewest = [list(row) for row in drawing.rows], now
    drawing.rows = best
    while swapped(drawing):
        pass
    for row in drawing.rows:
        drawing.x |= side_by_side(row, dict.fromkeys(row, middle))
    for _ in range(10 * SWEEPS):
        for row in drawing.rows:
            drawing.x |= side_by_side(row, {name: wanted(name, (0, 1)) for name in row})
    left = min(drawing.x[name] - width(name) / 2 for name in drawing.x)
    right = max(drawing.x[name] + width(name) / 2 for name in drawing.x)
    for name in drawing.x:
        drawing.x[name] += middle - (left + right) / 2


def ports(drawing: Drawing) -> dict[tuple[Edge, bool], float]:
    """Where each arrow leaves (True) and enters (False) a box: side by side, in the order of where they go."""
    found: dict[tuple[Edge, bool], float] = {}
    for name in {end for edge in drawing.edges for end in edge}:
        for leaving in (True, False):
            mine = [edge for edge in drawing.edges if edge[0 if leaving else 1] == name]
            mine.sort(key=lambda edge: (drawing.x[drawing.ways[edge][1 if leaving else -2]], edge))
            room = min(width(name) - 24, 18 * (len(mine) - 1))
            for number, edge in enumerate(mine):
                share = number / (len(mine) - 1) - 0.5 if len(mine) > 1 else 0
                found[edge, leaving] = drawing.x[name] + share * room
    return found


def path(drawing: Drawing, edge: Edge, start: float, end: float, top: float) -> str:
    """An arrow's way: out of the bottom of a box, straight down beside the boxes it passes, into the top of another."""
    rows = {name: number for number, row in enumerate(drawing.rows) for name in row}
    y = top + rows[edge[0]] * ROW + BOX
    x, drawn = start, f"M{start:.1f} {y:.1f}"
    for name in drawing.ways[edge][1:]:
        to = end if name == edge[1] else drawing.x[name]
        below = top + rows[name] * ROW - (5 if name == edge[1] else 0)
        half = (y + below) / 2
        drawn += f"C{x:.1f} {half:.1f} {to:.1f} {half:.1f} {to:.1f} {below:.1f}"
        x, y = to, below
        if name != edge[1]:
            y += BOX
            drawn += f"V{y:.1f}"
    return drawn


def band(package: str, drawing: Drawing, top: float) -> list[str]:
    """A package as a coloured field with its title, arrows under boxes."""
    says, ground, ink = PACKAGES[package]
    height = TITLE + len(drawing.rows) * ROW - (ROW - BOX) + 20
    lines = [
        f"<g id={quoteattr(package)}>",
        f'<rect x="{MARGIN}" y="{top}" width="{WIDTH - 2 * MARGIN}" height="{height}" rx="12" fill="{ground}"/>',
        f'<text x="{MARGIN + 18}" y="{top + 28}" class="package">{package}<tspan class="says" dx="10">{says}</tspan></text>',
    ]
    places = ports(drawing)
    for edge in drawing.edges:
        drawn = path(drawing, edge, places[edge, True], places[edge, False], top + TITLE)
        title = escape(f"{edge[0]} imports {edge[1]}")
        lines.append(
            f'<path d="{drawn}" class="import" stroke="{ink}" marker-end="url(#{package}-head)"><title>{title}</title></path>'
        )
    for number, row in enumerate(drawing.rows):
        for name in row:
            if "→" not in name:
                x, y, wide = drawing.x[name], top + TITLE + number * ROW, width(name)
                lines.append(
                    f'<rect x="{x - wide / 2:.1f}" y="{y}" width="{wide:.1f}" height="{BOX}" rx="7" class="box" stroke="{ink}"/>'
                )
                lines.append(f'<text x="{x:.1f}" y="{y + 21}" class="name">{escape(name)}</text>')
    return [*lines, "</g>"]


def drawings() -> dict[str, Drawing]:
    """The three packages, each arranged."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    found = {}
    for package in PACKAGES:
        rows = rows_of(package)
        found[package] = with_bends(rows, reduced(imports_between(graph, package)))
        arrange(found[package])
    return found


def svg() -> str:
    """The picture, alike for each run over one source."""
    body, top = [], MARGIN
    for package, drawing in drawings().items():
        body += band(package, drawing, top)
        top += TITLE + len(drawing.rows) * ROW - (ROW - BOX) + 20
        if package != "domain":
            down = f"M{WIDTH / 2} {top}V{top + BETWEEN - 7}"
            body.append(f'<path d="{down}" stroke="#41464d" class="between" marker-end="url(#between-head)"/>')
            top += BETWEEN
    heads = "".join(
        f'<marker id="{name}-head" viewBox="0 0 8 8" refX="3" refY="4" markerWidth="{size}" markerHeight="{size}" orient="auto"'
        f' markerUnits="userSpaceOnUse"><path d="M0 0L8 4L0 8Z" fill="{ink}" stroke="none"/></marker>'
        for name, ink, size in (*((package, ink, 9) for package, (_, _, ink) in PACKAGES.items()), ("between", "#41464d", 14))
    )
    height = top + MARGIN
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    head = f"""<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">
<title>Layers of Gongdan: every import runs down</title>
<style>
text {{ font-family: system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1b1f24 }}
.name {{ font-size: 14px; text-anchor: middle }} .package {{ font-size: 19px; font-weight: 600 }}
.says {{ font-size: 14px; font-weight: 400 }}
.box {{ fill: #fff; stroke-width: 1.3 }} .import {{ fill: none; stroke-width: 1.4; stroke-opacity: .8 }}
.between {{ stroke-width: 3 }}
</style>
<defs>{heads}</defs>
<rect width="100%" height="100%" fill="#fff"/>
"""
    return head + "\n".join(body) + "\n</svg>\n"


if __name__ == "__main__":
    PICTURE.write_text(svg(), encoding="utf-8")
