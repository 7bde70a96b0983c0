"""One capability, one folder: names that agree, few files, short files, and a line that says what each folder answers for."""

import ast
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("domain", "projections", "adapters")
MODULES = sorted(path for package in (*PACKAGES, "tests") for path in (ROOT / package).rglob("*.py"))
MODULES_A_FOLDER = 15
LINES = 400
REASON = "Long because"
CAPABILITIES = {path.name for path in (ROOT / "domain").iterdir() if (path / "__init__.py").is_file()}
# Rooms with a folder a capability, and the folders there that serve all capabilities.
ROOMS = {
    "projections": {"engine"},
    "adapters/answers": {"operate"},
    "adapters/api": {"openapi", "operate"},
    "adapters/pages": {"frame", "sentences"},
    "adapters/cli": {"operate", "terminal"},
}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def folders(room: str) -> set[str]:
    return {path.name for path in (ROOT / room).iterdir() if (path / "__init__.py").is_file()}


def without_docstring(root: Path) -> list[str]:
    """Folders with modules, the three packages among them, that do not say what they answer for."""
    holding = {path.parent for package in PACKAGES for path in (root / package).rglob("*.py")}
    inits = [folder / "__init__.py" for folder in holding]
    return sorted(init.relative_to(root).as_posix() for init in inits if not init.is_file() or not docstring(init))


def test_every_folder_says_what_it_answers_for() -> None:
    assert without_docstring(ROOT) == []


def test_a_folder_that_says_nothing_is_seen(tmp_path: Path) -> None:
    for folder, init in (
        ("domain", '"""The rules."""'),
        ("domain/silent", "import os"),
        ("domain/bare", None),
        ("domain/data", None),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / ("rules.toml" if folder == "domain/data" else "rules.py")).write_text("")
        if init is not None:
            (tmp_path / folder / "__init__.py").write_text(init)
    assert without_docstring(tmp_path) == ["domain/bare/__init__.py", "domain/silent/__init__.py"]


def test_no_folder_is_full() -> None:
    held = Counter(name(path.parent) for path in MODULES if path.name != "__init__.py")
    assert {folder: count for folder, count in held.items() if count > MODULES_A_FOLDER} == {}


@pytest.mark.parametrize("path", [path for path in MODULES if path.read_text(encoding="utf-8").count("\n") > LINES], ids=name)
def test_a_long_module_gives_its_reason(path: Path) -> None:
    assert REASON in docstring(path)


@pytest.mark.parametrize("room", ROOMS)
def test_a_capability_has_one_name(room: str) -> None:
    assert folders(room) - ROOMS[room] - CAPABILITIES == set()
    assert folders(room) >= ROOMS[room]


def test_each_capability_has_its_tests() -> None:
    assert CAPABILITIES - {"kernel"} - folders("tests") == set()
