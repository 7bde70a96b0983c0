"""Search files byte by byte for clear text, in every encoding in which it might have been written."""

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote

_SEARCH = """
import json, pathlib, sys
asked = json.load(sys.stdin)
sought = {bytes.fromhex(shape): name for shape, name in asked["sought"].items()}
found, read = {}, 0
for folder in sys.argv[1:]:
    for path in pathlib.Path(folder).rglob("*"):
        try:
            if not path.is_file() or path.stat().st_mtime < asked["since"]:
                continue
            data = path.read_bytes()
        except FileNotFoundError:
            continue
        read += len(data)
        for shape, name in sought.items():
            if shape in data:
                found.setdefault(name, []).append(str(path))
print(json.dumps({"found": found, "read": read}))
"""


ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "gb18030", "big5hkscs")


def shapes(text: str) -> set[bytes]:
    """A text in several encodings: plain, base64 at any alignment, escaped for JSON and for addresses, hex digits."""
    plain = {text.encode(encoding) for encoding in ENCODINGS if _fits(text, encoding)}
    found = plain | {json.dumps(text)[1:-1].encode(), quote(text).encode()}
    for one in plain:
        found |= {*in_base64(one), one.hex().encode(), one.hex().upper().encode()}
    return found


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def in_base64(data: bytes) -> Iterable[bytes]:
    """The part of the data's base64 that does not depend on its neighbours, at each of three alignments."""
    for lead in range(3):
        encoded = b64encode(bytes(lead) + data)
        start = -(-lead * 4 // 3)
        end = (lead + len(data)) * 4 // 3
        if end - start > 8:
            yield encoded[start:end]
            yield encoded[start:end].replace(b"+", b"-").replace(b"/", b"_")


def traces(canaries: Mapping[str, Iterable[bytes]], *folders: Path, since: float = 0) -> dict[str, list[str]]:
    """Canary → the files that contain it, among those written after ``since`` (seconds of the file system's clock).

    Another process reads them, because closing a file that SQLite has open drops SQLite's locks on it in this process.
    """
    sought = {shape.hex(): name for name, found in canaries.items() for shape in found}
    command = [sys.executable, "-I", "-S", "-c", _SEARCH, *map(str, folders)]
    asked = json.dumps({"sought": sought, "since": since})
    done = subprocess.run(command, input=asked, text=True, check=True, capture_output=True)
    answer = json.loads(done.stdout)
    assert answer["read"] > 0, "nothing was read"
    found: dict[str, list[str]] = answer["found"]
    return found
