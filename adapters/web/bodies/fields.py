"""Fields and small bodies that several capabilities use: when it happened, drafted offline, a reason, nothing at all."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from domain.kernel.values import FreeText, Moment, Value

OCCURRED: Any = (
    Moment | None,
    Field(None, description="发生时间，缺省为现在 · when it happened, with its offset; now if left out"),
)


OFFLINE: Any = (bool, Field(False, description="离线时所写 · drafted offline by the assignee or the officer on duty"))


class Empty(BaseModel):
    """An empty body: the path says everything."""

    model_config = ConfigDict(extra="forbid")


class Reason(Value):
    """A reason, in free text."""

    reason: FreeText
