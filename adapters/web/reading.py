"""Answers to requests that read."""

from starlette.responses import Response

from adapters.answers.documents import Answer


def json_answer(answer: Answer, headers: dict[str, str] | None = None) -> Response:
    """Answer with a document as JSON."""
    return Response(answer.json_bytes(), headers=headers, media_type="application/json")
