"""Static files (静态文件): read once at start, served compressed from memory, at addresses with their content's hash.

With the hash in its address a file may be cached for ever: changed content has a new address.
"""

import gzip
from dataclasses import dataclass
from hashlib import sha384
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

from starlette.requests import Request
from starlette.responses import Response

from domain.kernel.errors import NotFound

PREFIX = "/static/"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
}
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """A static file: its content, its gzip where that is shorter, and the start of its SHA-384 as ``version``."""

    content: bytes
    compressed: bytes | None
    media: str
    version: str


class Assets:
    """Every file below ``static/``."""

    def __init__(self) -> None:
        root = files("adapters.rendering") / "static"
        self._assets = {name: _asset(name, found.read_bytes()) for name, found in _below(root, "")}

    def address(self, name: str) -> str:
        """Make a file's address, which changes with its content; raises KeyError for an unknown name."""
        return f"{PREFIX}{name}?v={self._assets[name].version}"

    def answer(self, request: Request, name: str) -> Response:
        """Answer with a file, cached for ever if the address has its current hash; raises NotFound."""
        asset = self._assets.get(name)
        if asset is None:
            raise NotFound("file")
        known = request.query_params.get("v") == asset.version
        etag = f'"{asset.version}"'
        headers = {"ETag": etag, "Cache-Control": FOR_EVER if known else "no-cache", "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        content = asset.content
        if asset.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            content, headers["Content-Encoding"] = asset.compressed, "gzip"
        return Response(content, headers=headers, media_type=asset.media)


def _asset(name: str, content: bytes) -> Asset:
    media = TYPES.get(PurePosixPath(name).suffix, "application/octet-stream")
    compressed = gzip.compress(content, 9, mtime=0)
    return Asset(content, compressed if len(compressed) < len(content) else None, media, sha384(content).hexdigest()[:16])


def _below(folder: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for entry in folder.iterdir():
        found += _below(entry, f"{prefix}{entry.name}/") if entry.is_dir() else [(prefix + entry.name, entry)]
    return found
