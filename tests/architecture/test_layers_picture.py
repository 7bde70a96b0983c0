"""The picture of the layers is what its script draws, and no arrow in it runs up."""

import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "docs" / "explanation" / "layers.py"))


def test_the_picture_is_what_the_script_draws(script: dict[str, Any]) -> None:
    drawn = (ROOT / "docs" / "explanation" / "layers.svg").read_text(encoding="utf-8")
    assert script["svg"]() == drawn, "draw it anew: python docs/explanation/layers.py"


def test_every_arrow_runs_down(script: dict[str, Any]) -> None:
    for drawing in script["drawings"]().values():
        row_of = {name: number for number, row in enumerate(drawing.rows) for name in row}
        assert [edge for edge in drawing.edges if row_of[edge[0]] >= row_of[edge[1]]] == []


def test_an_arrow_that_a_longer_way_implies_is_left_out(script: dict[str, Any]) -> None:
    assert script["reduced"]({("a", "b"), ("b", "c"), ("a", "c"), ("a", "d")}) == [("a", "b"), ("a", "d"), ("b", "c")]


def test_every_folder_and_every_arrow_left_is_drawn(script: dict[str, Any]) -> None:
    drawn = (ROOT / "docs" / "explanation" / "layers.svg").read_text(encoding="utf-8")
    for package, drawing in script["drawings"]().items():
        folders = {path.stem for path in (ROOT / package).iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
        assert [name for name in folders - {"__init__"} if f">{name}</text>" not in drawn] == []
        assert [edge for edge in drawing.edges if f"<title>{edge[0]} imports {edge[1]}</title>" not in drawn] == []
