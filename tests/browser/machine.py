"""What the tests of the pages need of the machine: Chromium and a Chinese font; ``python -m tests.browser.machine`` gets them.

They are Debian's packages, so only root on a machine with apt can; elsewhere it says what is missing.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

PACKAGES = ("chromium", "fonts-noto-cjk")
FONTS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".fonts", Path.home() / ".local/share/fonts")
CHINESE_FONTS = ("NotoSansCJK*", "NotoSansSC*", "SourceHanSans*", "wqy-*", "PingFang*", "msyh*")
LAUNCH = (
    "--disable-gpu",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""How Chromium is started: without a screen to draw on, and it asks nobody for anything."""


def chromium() -> str | None:
    """Where Chromium is."""
    return os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )


def missing() -> list[str]:
    """The packages that are not there."""
    font = any(any(folder.rglob(name)) for folder in FONTS if folder.is_dir() for name in CHINESE_FONTS)
    there = (chromium() is not None, font)
    return [package for package, found in zip(PACKAGES, there, strict=True) if not found]


def install(missing: Callable[[], list[str]], untested: str) -> int:
    """Install what ``missing`` names, or say that ``untested`` is not tested without it; returns the exit code, always 0."""
    needed = missing()
    if needed and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(("apt-get", "update", "-qq"), env=environment, check=False)
        subprocess.run(
            ("apt-get", "install", "-y", "-qq", "--no-install-recommends", *needed),
            env=environment,
            check=False,
            stdout=sys.stderr,
        )
        needed = missing()
    if needed:
        print(f"\n*** {untested}: {' and '.join(needed)} is missing. ***\n", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(install(missing, "The pages are NOT tested in a browser"))
