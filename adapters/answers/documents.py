"""Base of all documents that are answered. They are pydantic models so that OpenAPI describes every field.

Moments are UTC in ISO 8601 with ``Z``. Days are calendar days of the community. Money is an integer of fen. Codes are those
of ``domain.kernel.terms``. An assigned person is a login, a team or contractor ``{type, id}``; commands take both forms too.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict

Moment = Annotated[datetime, AfterValidator(lambda moment: moment.astimezone(UTC))]


class Answer(BaseModel):
    """Base of answers. An unknown field is a programming error, so it is forbidden."""

    model_config = ConfigDict(extra="forbid", from_attributes=True, frozen=True)

    def json_bytes(self) -> bytes:
        """Write the document as JSON in UTF-8."""
        return self.model_dump_json().encode()


A = TypeVar("A", bound=Answer)


def document(model: type[A], source: object, /, **made: Any) -> A:
    """Make a document of a row or state: the fields named in ``made`` as given, every other one as the source has it.

    A field that neither has keeps its default; raises ValidationError where it has none, which is a mistake of ours.
    """
    found = {name: getattr(source, name) for name in model.model_fields if name not in made and hasattr(source, name)}
    return model(**found, **made)
