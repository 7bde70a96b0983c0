"""What a first visit to the workbench has to load: at most 120 KB of script and style, compressed, charts aside."""

import gzip
import re

import pytest

from tests.pages.surfing import Surfer

LIMIT = 120 * 1000


@pytest.mark.anyio
async def test_a_first_visit_is_light(surfer: Surfer) -> None:
    await surfer.sign_in("chen")
    page = await surfer.get("/")
    loaded = re.findall(r'<(?:script|link)\b[^>]*?(?:src|href)="([^"]+\.(?:js|css)[^"]*)"', page.text)
    assert len(loaded) >= 4
    assert not any("echarts" in address for address in loaded)
    weights = {address: len(gzip.compress((await surfer.get(address)).content)) for address in loaded}
    assert sum(weights.values()) <= LIMIT, weights
