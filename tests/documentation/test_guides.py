"""Documentation leads to something: its links, the files and commands that the guides for contributors name, and short ways."""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
GUIDES = [
    ROOT / name
    for name in (
        "CONTRIBUTING.md",
        "docs/explanation/architecture.md",
        "docs/how-to/add-a-page.md",
        "docs/how-to/add-a-read-model.md",
        "docs/how-to/add-a-trigger.md",
        "docs/how-to/change-an-event.md",
    )
]
FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[([^\]\[]*(?:\[[^\]]*\][^\]\[]*)*)\]\(([^()\s]+)\)")
PATH = re.compile(r"`((?:domain|projections|adapters|tests|docs|requirements)(?:/[^`\s:]*)?)`")
PLACEHOLDER = re.compile(r"[A-Z]{2,}")
"""A name in capitals within a path, as in ``adapters/pages/CAPABILITY/PAGE.py``, is to be filled in by the reader."""
ARGUMENTS = re.compile(r"ARGS='(tests[^']*)'")
MODULE = re.compile(r"python -m ([\w.]+)")
CODE = re.compile(r"^ *```.*?^ *```|`[^`\n]+`", re.MULTILINE | re.DOTALL)
TARGET = re.compile(r"(?:^|[\s`])make ([a-z][a-z-]*)")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def links(page: Path) -> Iterator[tuple[str, str]]:
    """Label and target of each link that leads to a file of the project."""
    for label, target in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if not re.match(r"[a-z]+:|/", target):
            yield label, target


def led_to(page: Path, target: str) -> Path:
    file = target.partition("#")[0]
    return (page.parent / file).resolve() if file else page


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def broken(page: Path) -> Iterator[str]:
    """Links that lead nowhere, and links named after another path than the one they lead to."""
    for label, target in links(page):
        led = led_to(page, target)
        anchor = target.partition("#")[2]
        named = PATH.fullmatch(label)
        if not led.exists() or (anchor and anchor not in anchors(led)) or (named and (ROOT / named[1]).resolve() != led):
            yield f"[{label}]({target})"


def filled(path: str) -> Iterator[Path]:
    """A path written ``a/{b,c}/d`` as several; of a path with a placeholder the folders above it."""
    parts = [part[1:-1].split(",") if part.startswith("{") else [part] for part in re.split(r"/(?![^{]*\})", path.rstrip("/"))]
    for one in product(*parts):
        known = []
        for part in one:
            if PLACEHOLDER.search(part) and part != "README.md":
                break
            known.append(part)
        yield ROOT.joinpath(*known)


def missing_paths(text: str) -> list[str]:
    run = [path for paths in ARGUMENTS.findall(text) for path in paths.split()]
    return [path for path in (*PATH.findall(text), *run) if not all(one.exists() for one in filled(path))]


def missing_commands(text: str) -> list[str]:
    """``python -m`` of a module that is none or is no program, and ``make`` of what the Makefile does not have."""
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    modules = [f"python -m {module}" for module in MODULE.findall(text) if not is_program(module.rstrip("."))]
    made = [target for code in CODE.findall(text) for target in TARGET.findall(code)]
    return [*modules, *(f"make {target}" for target in made if target not in targets)]


def is_program(module: str) -> bool:
    if module.split(".")[0] not in ("domain", "projections", "adapters", "tests"):
        return find_spec(module.split(".")[0]) is not None
    path = ROOT.joinpath(*module.split("."))
    main = path / "__main__.py" if path.is_dir() else path.with_suffix(".py")
    return main.is_file() and (path.is_dir() or '__name__ == "__main__"' in main.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_to_something(page: Path) -> None:
    assert list(broken(page)) == []


@pytest.mark.parametrize("page", GUIDES, ids=name)
def test_the_files_named_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert len(PATH.findall(text)) > 5
    assert missing_paths(text) == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_commands_named_are_there(page: Path) -> None:
    assert missing_commands(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("file", "decides"),
    [
        ("domain/ticket/lifecycle.py", "Trigger.REOPEN"),
        ("domain/ticket/guards.py", "reopened_in_time"),
        ("domain/approval/reading.py", "class Oversight"),
        ("adapters/store/log/append.py", "def draw("),
        ("domain/people/authority.py", "\nlong_late_entry "),
    ],
)
def test_a_fresh_reader_is_three_clicks_away(file: str, decides: str) -> None:
    """Whether a ticket may be reopened, what the second person sees, where a number is drawn, who may back-enter."""
    assert decides in (ROOT / file).read_text(encoding="utf-8")
    reached = {ROOT / "README.md"}
    for _ in range(3):
        reached |= {led_to(page, target) for page in reached if page.suffix == ".md" for _, target in links(page)}
    assert ROOT / file in reached


def test_a_link_that_leads_nowhere_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    (tmp_path / "there.md").write_text("# A heading, with `code`\n")
    page.write_text(
        "# Here\n[a](there.md) [b](gone.md) [c](there.md#a-heading-with-code) [d](there.md#gone) [e](#here) [f](https://x.org/y)\n"
        "![g](gone.svg) [h [x]](gone)\n```\n[i](gone)\n```\n[`domain/kernel`](there.md)\n"
    )
    assert list(broken(page)) == [
        "[b](gone.md)", "[d](there.md#gone)", "[g](gone.svg)", "[h [x]](gone)", "[`domain/kernel`](there.md)",
    ]  # fmt: skip


def test_a_file_that_is_gone_is_seen() -> None:
    text = "`domain/ticket/guards.py` `domain/gone.py` `adapters/{api,pages}/ticket` `adapters/{api,gone}/ticket`"
    assert missing_paths(text) == ["domain/gone.py", "adapters/{api,gone}/ticket"]
    text = "`domain`, `adapters/pages/CAPABILITY/PAGE.py`, `adapters/gone/PAGE.py`, `tests/golden/events/ticket.TOPIC.v1.json`"
    assert missing_paths(text) == ["adapters/gone/PAGE.py"]
    assert missing_paths("make test ARGS='tests/golden tests/gone.py'") == ["tests/gone.py"]


def test_a_command_that_is_gone_is_seen() -> None:
    text = "`make lint`, `make sense`\n```sh\nmake test ARGS='-k x'\nA=b make nothing\n```\nto make sense of it"
    assert missing_commands(text) == ["make sense", "make nothing"]
    text = "`python -m tests.golden.write` and `python -m tests.golden.read`, python -m pytest, python -m tests.support.clock"
    assert missing_commands(text) == ["python -m tests.golden.read", "python -m tests.support.clock"]
