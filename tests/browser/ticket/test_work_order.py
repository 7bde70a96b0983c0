"""The printed work order (维修工作单)."""

import pytest

from tests.browser.conftest import Look, Served
from tests.browser.paper import boxes, printed

pytestmark = pytest.mark.anyio


async def test_the_work_order_on_paper(look: Look, served: Served) -> None:
    page = await (await look("li.na")).open(f"/tickets/{served.names['tap']}/work-order")
    text = await printed(page)
    for said in ("锦绣花园维修工作单", "厨房水槽", "到场时间", "生料带", "不含材料", "维修人签名", "完工时间"):
        assert said in text, said
    assert "工作台" not in text, "the menu stays on the screen"
    assert "返回" not in text
    assert await boxes(page, ".sign td") == 2
