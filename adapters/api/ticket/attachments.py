"""Attachments (附件): uploaded in a stream, sealed as they arrive; downloaded only with a record in the access log."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import Path
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from adapters.answers.caller import Caller
from adapters.answers.ticket.documents import TicketAnswer
from adapters.api.openapi import responses
from adapters.api.openapi.description import command_extra
from adapters.api.ticket.tickets import Ref
from adapters.store.files.attachments import MAX_BYTES, Attachment
from adapters.web.authentication import TheCaller, authenticate
from adapters.web.bodies import received, validated
from adapters.web.command_bodies import OCCURRED, OFFLINE
from adapters.web.commands import ticket_response, writing
from adapters.web.context import Api, TheApi, api_of
from adapters.web.multipart import Upload
from adapters.web.problems import UnsupportedMedia
from adapters.web.routing import resources
from domain.approval.waiting import Waiting
from domain.kernel.errors import NotFound, Overloaded, Refusal
from domain.kernel.terms import Trigger
from domain.kernel.values import Value
from domain.people.authority import Right
from domain.service_desk.outcome import Done
from domain.ticket import commands as c

router = resources("tickets")

ENVELOPE_BYTES = 64 * 1024
"""What an upload may hold beside the file."""

_UNSAFE = re.compile(r"[^\w.\- ()（）]")


class AttachBody(BaseModel):
    """A file and, if it was drafted offline or is late, when."""

    file: Annotated[str, Field(json_schema_extra={"format": "binary"})]
    occurred_at: OCCURRED[0] = OCCURRED[1]
    offline: OFFLINE[0] = OFFLINE[1]


class Fields(Value):
    """The fields beside the file."""

    occurred_at: OCCURRED[0] = None
    offline: bool = False


@router.post(
    "/tickets/{id}/attach",
    summary="附件 · Attach a file",
    operation_id="attach",
    response_model=TicketAnswer,
    responses=responses.write(200, waits=True),
    openapi_extra=command_extra(AttachBody, media="multipart/form-data"),
)
async def attach(request: Request, ref: Ref) -> Response:
    """A picture, film, recording, PDF or plain text of at most 20 MiB in the part `file`; its content decides what it is."""
    caller = await authenticate(request)
    api = api_of(request)
    state = await attachable(api, caller, ref)
    upload = await begun(request, api)
    stored = await api.gongdan.attachments.store(state.subject, state.id, upload.content(), upload.declared_type)
    async with kept_if_named(api, stored):
        fields = validated(Fields, _json_of(upload.fields))
        asked = json.dumps([upload.digest, upload.file_name, upload.fields], sort_keys=True).encode()
        async with writing(request, asked, caller) as write:
            repeated = await write.repeated() is not None
            done = await api.gongdan.desk.act(ref, attach_command(stored, upload), write.request(fields))
            await drop_repeated(api, stored, done, repeated)
            return await ticket_response(write, done)


async def begun(request: Request, api: Api) -> Upload:
    """An upload up to its file; raises UnsupportedMedia, TooLarge, InvalidInput."""
    media = request.headers.get("content-type", "")
    if media.partition(";")[0].strip().lower() != "multipart/form-data":
        raise UnsupportedMedia("the body must be multipart/form-data")
    upload = Upload(media, received(request, MAX_BYTES + ENVELOPE_BYTES, api.gongdan.settings.body_seconds))
    await upload.begin()
    return upload


def attach_command(stored: Attachment, upload: Upload) -> c.Attach:
    """The command that names a stored file."""
    file_name = _UNSAFE.sub("_", upload.file_name) if upload.file_name else None
    return c.Attach(name=stored.name, content_type=stored.content_type, size=stored.size, file_name=file_name)


@asynccontextmanager
async def kept_if_named(api: Api, stored: Attachment) -> AsyncIterator[None]:
    """Drops the file again where the command is refused, so that no event names it."""
    try:
        yield
    except Overloaded:
        raise  # an event may name the file
    except Refusal:
        await api.gongdan.attachments.discard(stored.name)
        raise


async def drop_repeated(api: Api, stored: Attachment, done: Done | Waiting, repeated: bool) -> None:
    """Drops the file of a request that was carried out before, with the file of that time."""
    if repeated or (isinstance(done, Done) and all(file.name != stored.name for file in done.state.attachments)):
        await api.gongdan.attachments.discard(stored.name)


class Attachable(BaseModel):
    """A ticket that a file may be attached to."""

    id: UUID
    subject: UUID


async def attachable(api: Api, caller: Caller, ref: str) -> Attachable:
    """Refuse, before anything is received, whoever may not attach to this ticket."""
    desk = api.gongdan.desk
    state = await desk.load(await desk.find(ref))
    now = api.gongdan.clock.now()
    roles = caller.directory.roles(caller.login, state.community, now)
    if not roles:
        raise NotFound("ticket")
    desk.allow(Right.NOTE_ATTACH, Trigger.ATTACH.value, roles, await desk.relation(caller.directory, caller.login, state, now))
    return Attachable(id=state.id, subject=state.subject or state.id)


def _json_of(fields: dict[str, str]) -> bytes:
    """Form fields as JSON: true and false are no texts."""
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
    """For those who may open residents' data; recorded in the access log first, since a file can't be masked."""
    _, file_name = await api.gongdan.inquiries.attachment(caller.login, ref, name)
    attachment, content = await api.gongdan.attachments.open(name)
    shown = quote(file_name or name)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{shown}",
        "Content-Length": str(attachment.size),
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return StreamingResponse(content, headers=headers, media_type=attachment.content_type)
