"""Full garbage collections of a server walk what requests left behind, not what was made at the start."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.composition import make_new
from adapters.server.app import from_settings
from tests.support.estates.api_estate import settings_in

pytestmark = pytest.mark.anyio


@pytest.fixture
def thawed() -> Iterator[None]:
    """The test's process as it was."""
    gc.unfreeze()
    yield
    gc.unfreeze()


async def test_what_was_made_at_the_start_is_frozen(tmp_path: Path, thawed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_in(tmp_path)
    await make_new(settings, "test")
    monkeypatch.setenv("GONGDAN_STORE", settings.store)
    app = from_settings()
    assert gc.get_freeze_count() == 0
    async with app.router.lifespan_context(app):
        assert gc.get_freeze_count() > 50_000
        assert len(gc.get_objects()) < gc.get_freeze_count() / 10
