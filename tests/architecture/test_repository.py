"""The repository needs nothing else: nothing in it leads to a machine, a registry or a folder outside."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Written so that no pattern matches itself.
ELSEWHERE = {
    "a registry's host": r"pypi[.]org|python[h]osted|registry[.]npm|(?<!no-emit)--(?:extra-)?index-url|--find-links[ =]",
    "a folder of one machine": r"(?<![\w.])/(?:work|root|home/\w+|Users/\w+|opt/(?:wheels|pypi))[/]",
    "a folder outside the repository": r"[.][.]/shared\b",
}
VENDORED = ("adapters/rendering/static/vendor/", "tests/browser/vendor/")


def tracked_files() -> list[Path]:
    """Files under version control, or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def leads_elsewhere(text: str) -> list[str]:
    return [f"{what}: {found.group()}" for what, pattern in ELSEWHERE.items() for found in re.finditer(pattern, text)]


def test_no_file_leads_elsewhere() -> None:
    found = {
        name: leads
        for path in tracked_files()
        if not (name := path.relative_to(ROOT).as_posix()).startswith(VENDORED)
        if (leads := leads_elsewhere(path.read_bytes().decode(errors="replace")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "https://" + "pypi" + ".org/simple",
        "https://files." + "python" + "hosted.org/x.whl",
        "-" + "-extra-index-url file:///x",
        "-" + "-find-links=/srv",
        "see /" + "work/main/x",
        "'/" + "root/.cache'",
        "/" + "home/li/gongdan",
        ".." + "/shared/spec",
    ],
)
def test_a_seeded_lead_is_seen(text: str) -> None:
    assert leads_elsewhere(text) != []


@pytest.mark.parametrize("text", ["/api/v1/tickets", "uv --no-emit-index-url --no-emit-find-links", "a/work/list", "/workload"])
def test_what_is_allowed_is_not_reported(text: str) -> None:
    assert leads_elsewhere(text) == []


def test_locks_name_hashes_and_nothing_else() -> None:
    for name in ("build", "dev", "runtime"):
        lines = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
        requirement = re.compile(r"[a-z0-9-]+==[\w.]+( ; [^\\/]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?| *#.*")
        assert [line for line in lines if not requirement.fullmatch(line)] == []


def test_no_test_folder_shadows_a_package_and_each_is_a_package() -> None:
    folders = {path.parent for path in tracked_files() if path.suffix == ".py" and ROOT / "tests" in path.parents}
    assert [folder for folder in folders if folder.name in {"domain", "projections", "adapters"}] == []
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_no_module_is_named_for_nothing_in_particular() -> None:
    vague = re.compile(r"(utils?|helpers?|common|misc|shared)(\.py)?")
    names = {part for path in tracked_files() if path.suffix == ".py" for part in path.relative_to(ROOT).parts}
    assert [name for name in names if vague.fullmatch(name)] == []
