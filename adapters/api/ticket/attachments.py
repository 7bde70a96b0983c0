"""Operations of attachments (附件): upload, encrypted as it arrives; download, recorded in the access log first."""

import json
from typing import Annotated, Any

from fastapi import Path
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from adapters.answers.ticket.documents import TicketAnswer
from adapters.api.openapi import responses
from adapters.api.openapi.description import command_extra
from adapters.api.ticket.tickets import Ref
from adapters.web.attaching import attach_command, attachable, begun, downloaded, drop_repeated, kept_if_named
from adapters.web.authentication import TheCaller, authenticate
from adapters.web.bodies.ticket import AttachBody, Fields
from adapters.web.commands import ticket_response, writing
from adapters.web.context import TheApi, api_of
from adapters.web.receiving import validated
from adapters.web.routing import resources

router = resources("tickets")


@router.post(
    "/tickets/{id}/attach",
    summary="附件 · Attach a file",
    operation_id="attach",
    response_model=TicketAnswer,
    responses=responses.write(200, waits=True, minimal=True),
    openapi_extra=command_extra(AttachBody, media="multipart/form-data", minimal=True),
)
async def attach(request: Request, ref: Ref) -> Response:
    """Attach a picture, film, recording, PDF or plain text of at most 20 MiB, sent in the part `file`.

    Its type is detected from its content, not believed from the header.
    """
    caller = await authenticate(request)
    gongdan = api_of(request).gongdan
    state = await attachable(gongdan, caller, ref)
    upload = await begun(request, gongdan)
    stored = await gongdan.attachments.store(state.subject, state.id, upload.content(), upload.declared_type)
    async with kept_if_named(gongdan, stored):
        fields = validated(Fields, _json_of(upload.fields))
        asked = json.dumps([upload.digest, upload.file_name, upload.fields], sort_keys=True).encode()
        async with writing(request, asked, caller) as write:
            repeated = await write.repeated() is not None
            done = await gongdan.desk.act(ref, attach_command(stored, upload), write.request(fields))
            await drop_repeated(gongdan, stored, done, repeated)
            return await ticket_response(write, done)


def _json_of(fields: dict[str, str]) -> bytes:
    """Write form fields as JSON, with ``true`` and ``false`` as booleans, for a form has texts only."""
    known: dict[str, Any] = {"true": True, "false": False}
    return json.dumps({name: known.get(value, value) for name, value in fields.items()}).encode()


@router.get(
    "/tickets/{id}/attachments/{name}",
    summary="下载附件 · Download an attachment",
    response_class=StreamingResponse,
    responses={
        **responses.read(),
        200: {"description": "the file", "content": {"application/octet-stream": {"schema": {"type": "string"}}}},
    },
)
async def download(
    api: TheApi, caller: TheCaller, ref: Ref, name: Annotated[str, Path(description="`attachments[].name` of the ticket")]
) -> Response:
    """Download a file; for those who may open personal data, since a file can't be masked. The access log is written first."""
    return await downloaded(api.gongdan, caller, ref, name)
