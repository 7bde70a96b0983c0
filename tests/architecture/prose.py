"""Phrases that this project does not write, and where a text still has one: `python -m tests.architecture.prose [FOLDER…]`.

Looked at are docstrings, comments and every other string of the Python files (error texts, help texts), comments of rule
files, and Markdown without its code. Each phrase lets a writer leave out the name of the thing; name it instead.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
ROOMS = ("domain", "projections", "adapters", "tests", "docs", "README.md", "CONTRIBUTING.md")
# The files that name the phrases.
EXAMPLES = {ROOT / "tests/architecture/prose.py", ROOT / "tests/architecture/test_prose.py"}

PHRASES = {
    "The same …": r"\bThe same\b|\bthe same\s*[,.;:]|[,;]\s+the same\b",
    "whoever": r"(?i)\bwhoever\b",
    "what becomes of": r"(?i)\bwhat bec[oa]mes? of\b",
    "what comes back": r"(?i)\bwhat c[oa]mes? back\b",
    "is told": r"(?i)\b(?:is|are|was|were|be|been|being) told\b",
    # A letter may stand for a word, and somebody may stand in for a colleague.
    "stands": r"(?i)\b(?:stands?|stood)\b(?!-| for\b| in for\b| still\b)",
    "otherwise than": r"(?i)\botherwise than\b",
    "in earnest": r"(?i)\bin earnest\b",
}
# A phrase may run over the end of a line.
PATTERNS = {name: re.compile(pattern.replace(" ", r"\s+")) for name, pattern in PHRASES.items()}
CODE = re.compile(r"^```.*?^```|``[^`]+``|`[^`\n]+`", re.MULTILINE | re.DOTALL)


class Text(NamedTuple):
    """A text and the line of the file it begins on."""

    line: int
    text: str


class Finding(NamedTuple):
    """A phrase in a file."""

    path: Path
    line: int
    phrase: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT).as_posix()}:{self.line}: {self.phrase}"


def without_code(text: str) -> str:
    """Blank out what is set as code, line ends kept."""
    return CODE.sub(lambda code: re.sub(r"[^\n]", "\N{BULLET}", code.group()), text)


def comment_blocks(comments: Iterator[tuple[int, str]]) -> Iterator[Text]:
    """Join comments of consecutive lines."""
    numbered = enumerate(comments)
    for _, block in groupby(numbered, key=lambda item: item[1][0] - item[0]):
        lines = [comment for _, comment in block]
        yield Text(lines[0][0], "\n".join(comment.lstrip("# ") for _, comment in lines))


def texts_of_python(source: str) -> Iterator[Text]:
    """All strings but those of a single word, which are names, and all comments."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value.split()) > 1:
            yield Text(node.lineno, node.value)
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    yield from comment_blocks((token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT)


def texts_of(path: Path) -> Iterator[Text]:
    source = path.read_text(encoding="utf-8")
    match path.suffix:
        case ".py":
            yield from texts_of_python(source)
        case ".toml":
            lines = enumerate(source.splitlines(), start=1)
            yield from comment_blocks((number, line) for number, line in lines if line.lstrip().startswith("#"))
        case ".md":
            yield Text(1, source)


def phrases_in(text: str) -> list[tuple[int, str]]:
    """Each phrase with the number of line ends before it, in the order of the text."""
    plain = without_code(text)
    found = [(match.start(), name) for name, pattern in PATTERNS.items() for match in pattern.finditer(plain)]
    return [(plain.count("\n", 0, start), name) for start, name in sorted(found)]


def files_below(folder: Path) -> list[Path]:
    found = [folder] if folder.is_file() else sorted(folder.rglob("*"))
    return [path for path in found if path.suffix in {".py", ".toml", ".md"} and path not in EXAMPLES]


def findings(folder: Path) -> list[Finding]:
    """Each phrase in a file or below a folder, in the order of files and lines."""
    return sorted(
        {
            Finding(path, text.line + lines, phrase)
            for path in files_below(folder)
            for text in texts_of(path)
            for lines, phrase in phrases_in(text.text)
        }
    )


def main(arguments: list[str]) -> int:
    """Print `file:line: phrase` for each; the exit status is 1 where there is one."""
    found = [each for folder in arguments or ROOMS for each in findings((ROOT / folder).resolve())]
    for each in found:
        print(each)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
