"""The import contracts of pyproject.toml hold, and each would notice being broken."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("domain", "projections", "adapters")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
FORBIDDEN: list[str] = next(contract for contract in CONTRACTS if contract["id"] == "pure")["forbidden_modules"]
# What the rule of the house names; the contract may forbid more.
HOUSE_RULE = {
    "fastapi", "starlette", "uvicorn", "psycopg", "psycopg_pool", "sqlite3", "typer", "rich", "cryptography", "structlog",
    "random", "secrets", "time", "uuid_utils", "os", "pathlib", "io",
}  # fmt: skip


def lint_imports(tree: Path, contract: str) -> tuple[int, str]:
    """Exit status and report of one contract, for the packages that stand in `tree`."""
    finished = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache", "--no-logo", "--contract", contract],
        cwd=tree, env=os.environ | {"COLUMNS": "300"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return finished.returncode, finished.stdout + finished.stderr


@pytest.fixture
def copied_tree(tmp_path: Path) -> Path:
    """The packages as they are, to break a rule in."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize("contract", [contract["id"] for contract in CONTRACTS])
def test_contract_holds(contract: str) -> None:
    status, report = lint_imports(ROOT, contract)
    assert status == 0, report


@pytest.mark.parametrize(
    ("importer", "imported"), [("projections", "adapters"), ("domain", "adapters"), ("domain", "projections")]
)
def test_an_import_against_the_layers_breaks_the_contract(copied_tree: Path, importer: str, imported: str) -> None:
    (copied_tree / importer / "seeded.py").write_text(f"import {imported}.target\n")
    (copied_tree / imported / "target.py").write_text("")
    status, report = lint_imports(copied_tree, "layers")
    assert status == 1
    assert f"{importer}.seeded -> {imported}.target" in report


@pytest.mark.parametrize("package", ["domain", "projections"])
def test_each_forbidden_module_breaks_the_contract(copied_tree: Path, package: str) -> None:
    (copied_tree / package / "seeded.py").write_text("".join(f"import {module}\n" for module in FORBIDDEN))
    status, report = lint_imports(copied_tree, "pure")
    assert status == 1
    assert [module for module in FORBIDDEN if f"{package}.seeded -> {module} " not in report] == []


def test_a_forbidden_module_behind_another_module_breaks_the_contract(copied_tree: Path) -> None:
    (copied_tree / "domain" / "seeded.py").write_text("from sqlite3 import connect\n")
    (copied_tree / "projections" / "innocent.py").write_text("from domain import seeded\n")
    status, report = lint_imports(copied_tree, "pure")
    assert status == 1
    assert "projections is not allowed to import sqlite3" in report


def test_the_contract_forbids_all_that_the_house_rule_names() -> None:
    assert set(FORBIDDEN) >= HOUSE_RULE
