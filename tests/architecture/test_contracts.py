"""The import contracts of pyproject.toml hold, and each notices a forbidden import."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("domain", "projections", "adapters")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
NAMES = {contract["id"]: contract["name"] for contract in CONTRACTS}
FORBIDDEN: list[str] = next(contract for contract in CONTRACTS if contract["id"] == "pure")["forbidden_modules"]
# What the rule of the house names; the contract may forbid more.
HOUSE_RULE = {
    "fastapi", "starlette", "uvicorn", "psycopg", "psycopg_pool", "sqlite3", "typer", "rich", "cryptography", "structlog",
    "random", "secrets", "time", "uuid_utils", "os", "pathlib", "io",
}  # fmt: skip


class Seeded(NamedTuple):
    """An import that a contract forbids: ``importer`` is a module of the tree, or a new one."""

    contract: str
    importer: str
    imported: str


# Each forbidden by one contract and by no other.
SEEDED = [
    Seeded("layers", "projections.engine.seeded", "adapters.labels.marking"),
    Seeded("layers", "domain.kernel.seeded", "adapters.labels.marking"),
    Seeded("layers", "domain.kernel.seeded", "projections.engine.tables"),
    Seeded("domain", "domain.tally.seeded", "domain.household.register"),
    Seeded("domain", "domain.ticket.seeded", "domain.approval.aggregate"),
    Seeded("domain", "domain.undrawn", "domain.kernel.terms"),
    Seeded("projections", "projections.ticket.seeded", "projections.appraisal.findings"),
    Seeded("projections", "projections.appraisal.seeded", "projections.duty.reminders"),
    Seeded("adapters", "adapters.labels.seeded", "adapters.system.settings"),
    Seeded("adapters", "adapters.web.seeded", "adapters.rendering.assets"),
    Seeded("adapters", "adapters.undrawn", "adapters.labels.marking"),
    Seeded("siblings", "domain.ticket.state", "domain.ticket.decisions"),
    Seeded("siblings", "projections.engine.tables", "projections.engine.view"),
    Seeded("siblings", "adapters.store.database.database", "adapters.store.log.opening"),
    Seeded("independence", "adapters.pages.frame.seeded", "adapters.api.openapi.description"),
    Seeded("independence", "adapters.api.ticket.seeded", "adapters.pages.frame.moments"),
    Seeded("pages", "adapters.pages.ticket.seeded", "adapters.store.log.opening"),
    Seeded("pure", "domain.kernel.seeded", "sqlite3"),
    Seeded("pure", "projections.engine.seeded", "time"),
]


@pytest.mark.parametrize("package", PACKAGES)
def test_the_decision_has_the_order_of_the_contract(package: str) -> None:
    """Decision 0012 writes the layers of a package from below, folders beside each other in alphabetical order."""
    contract = next(contract for contract in CONTRACTS if contract.get("containers") == [package])
    layers = [sorted(re.split(r" [|:] ", layer)) for layer in reversed(contract["layers"])]
    text = (ROOT / "docs/decisions/0012-one-capability-one-folder.md").read_text(encoding="utf-8")
    assert f"{package} {' ← '.join(' · '.join(layer) for layer in layers)}" in " ".join(text.split())


def lint_imports(tree: Path) -> tuple[int, str]:
    """Exit status and report of all contracts, for the packages in ``tree``."""
    finished = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--cache-dir", tree / "cache", "--no-logo"],
        cwd=tree, env=os.environ | {"COLUMNS": "300"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return finished.returncode, finished.stdout + finished.stderr


def broken(report: str) -> set[str]:
    """Ids of the contracts that a report calls broken."""
    return {contract for contract, name in NAMES.items() if re.search(rf"^{re.escape(name)} BROKEN", report, re.MULTILINE)}


@pytest.fixture(scope="module")
def copied_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages as they are, to break a rule in; each test puts back what it changed."""
    tree = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tree / package, ignore=shutil.ignore_patterns("__pycache__", "static", "templates"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    return tree


def report_with(tree: Path, sources: dict[str, str]) -> tuple[int, str]:
    """Lint the tree with lines added to the end of modules; a module that is not there is made for the while."""
    files = {tree / (module.replace(".", "/") + ".py"): lines for module, lines in sources.items()}
    before = {file: file.read_text(encoding="utf-8") if file.exists() else None for file in files}
    for file, lines in files.items():
        file.write_text((before[file] or "") + "\n" + lines, encoding="utf-8")
    try:
        return lint_imports(tree)
    finally:
        for file, text in before.items():
            if text is None:
                file.unlink()
            else:
                file.write_text(text, encoding="utf-8")


def test_every_contract_holds(copied_tree: Path) -> None:
    status, report = lint_imports(copied_tree)
    assert status == 0, report
    assert [name for name in NAMES.values() if f"{name} KEPT" not in report] == []


def test_every_contract_has_an_import_it_forbids() -> None:
    assert {seeded.contract for seeded in SEEDED} == set(NAMES)


@pytest.mark.parametrize("seeded", SEEDED, ids=lambda seeded: f"{seeded.contract}: {seeded.importer}")
def test_a_forbidden_import_breaks_its_contract(copied_tree: Path, seeded: Seeded) -> None:
    status, report = report_with(copied_tree, {seeded.importer: f"import {seeded.imported}\n"})
    assert status == 1, report
    assert broken(report) == {seeded.contract}, report


@pytest.mark.parametrize("package", ["domain", "projections"])
def test_each_forbidden_module_breaks_the_contract(copied_tree: Path, package: str) -> None:
    status, report = report_with(copied_tree, {f"{package}.seeded": "".join(f"import {module}\n" for module in FORBIDDEN)})
    assert status == 1
    assert [module for module in FORBIDDEN if f"{package}.seeded -> {module} " not in report] == []


def test_a_forbidden_module_behind_another_module_breaks_the_contract(copied_tree: Path) -> None:
    status, report = report_with(
        copied_tree,
        {"domain.kernel.seeded": "from sqlite3 import connect\n", "projections.engine.innocent": "import domain.kernel.seeded\n"},
    )
    assert status == 1
    assert "projections is not allowed to import sqlite3" in report


def test_the_contract_forbids_all_that_the_house_rule_names() -> None:
    assert set(FORBIDDEN) >= HOUSE_RULE
