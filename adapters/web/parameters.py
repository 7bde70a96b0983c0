"""Parameters of many operations: the id in the path; community, page and position in the query."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

CommunityParam = Annotated[str, Query(min_length=1, max_length=40, description="小区编码 · the community's code")]
OptionalCommunity = Annotated[
    str | None, Query(min_length=1, max_length=40, description="小区编码 · the community's code; all one's own if left out")
]
Limit = Annotated[int, Query(ge=1, le=200, description="how many items at most")]
Cursor = Annotated[str | None, Query(max_length=400, description="next_cursor of the page before")]
MinPosition = Annotated[
    int | None,
    Query(ge=0, le=2**62, description="读到自己所写 · only from a view that has reached this `Gongdan-Position`, else 503"),
]
Id = Annotated[UUID, Path(alias="id")]
