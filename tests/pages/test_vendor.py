"""Assets of others are what their packages ship, byte for byte, each with version, licence and hash in a manifest."""

import json
from base64 import b64encode
from hashlib import sha384
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = [ROOT / "adapters" / "rendering" / "static" / "vendor", ROOT / "tests" / "browser" / "vendor"]
FREE = {"0BSD", "MIT", "Apache-2.0", "BSD-3-Clause"}
TESTS_ONLY = {"MPL-2.0"}


def integrity(content: bytes) -> str:
    """A file's hash as browsers and package registries write it (subresource integrity)."""
    return "sha384-" + b64encode(sha384(content).digest()).decode()


def manifest(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_every_file_is_in_the_manifest_and_as_it_was_shipped(folder: Path) -> None:
    named = {"manifest.json"}
    for package in manifest(folder):
        named |= {*package["files"], *package["licence_files"]}
        for name, file in package["files"].items():
            assert integrity((folder / name).read_bytes()) == file["integrity"], name
    assert named == {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_every_package_has_a_version_and_a_licence_that_may_be_shipped(folder: Path) -> None:
    allowed = FREE if folder == FOLDERS[0] else FREE | TESTS_ONLY
    for package in manifest(folder):
        assert package["licence"] in allowed
        assert package["licence_files"]
        for name in package["licence_files"]:
            least = 100 if "NOTICE" in name else 300
            assert len((folder / name).read_text(encoding="utf-8")) > least, name


def test_the_files_name_the_version_of_the_manifest() -> None:
    for folder in FOLDERS:
        for package in manifest(folder):
            texts = [(folder / name).read_text(encoding="utf-8") for name in package["files"]]
            assert any(package["version"] in text for text in texts), package["package"]
