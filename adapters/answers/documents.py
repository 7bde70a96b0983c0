"""The documents that are answered, as models, so that OpenAPI describes them whole.

Moments are UTC in ISO 8601 with ``Z``; days are the community's; money is integer fen; codes are those of
``domain.kernel.terms``. A person's assignment reads as the login alone, as it may be written; a team or contractor as {type, id}.
"""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

Moment = Annotated[datetime, AfterValidator(lambda moment: moment.astimezone(UTC))]


class Answer(BaseModel):
    """Base of answers; they are made here, so a field unknown to its model is a mistake of ours."""

    model_config = ConfigDict(extra="forbid", from_attributes=True, frozen=True)

    def json_bytes(self) -> bytes:
        """The document as UTF-8."""
        return self.model_dump_json().encode()
