"""Attachments (附件) of a request: uploads received in a stream and dropped again where no event names them; downloads."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote
from uuid import UUID

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from adapters.answers.caller import Caller
from adapters.composition import Gongdan
from adapters.store.files.attachments import Attachment
from adapters.web.multipart import Upload
from adapters.web.problems import UnsupportedMedia
from adapters.web.receiving import received
from domain.approval.waiting import Waiting
from domain.kernel.errors import NotFound, Overloaded, Refusal
from domain.kernel.terms import Trigger
from domain.people.authority import Right, allow
from domain.service_desk.outcome import Done
from domain.ticket import commands as c

ENVELOPE_BYTES = 64 * 1024
"""What an upload may hold beside the file."""


_UNSAFE = re.compile(r"[^\w.\- ()（）]")


async def begun(request: Request, gongdan: Gongdan) -> Upload:
    """An upload up to its file; raises UnsupportedMedia, TooLarge, InvalidInput."""
    media = request.headers.get("content-type", "")
    if media.partition(";")[0].strip().lower() != "multipart/form-data":
        raise UnsupportedMedia("the body must be multipart/form-data")
    upload = Upload(media, received(request, gongdan.attachments.most_bytes + ENVELOPE_BYTES, gongdan.settings.body_seconds))
    await upload.begin()
    return upload


def attach_command(stored: Attachment, upload: Upload) -> c.Attach:
    """The command that names a stored file."""
    file_name = _UNSAFE.sub("_", upload.file_name) if upload.file_name else None
    return c.Attach(name=stored.name, content_type=stored.content_type, size=stored.size, file_name=file_name)


@asynccontextmanager
async def kept_if_named(gongdan: Gongdan, stored: Attachment) -> AsyncIterator[None]:
    """Drops the file again where the command is refused, so that no event names it."""
    try:
        yield
    except Overloaded:
        raise  # an event may name the file
    except Refusal:
        await gongdan.attachments.discard(stored.name)
        raise


async def drop_repeated(gongdan: Gongdan, stored: Attachment, done: Done | Waiting, repeated: bool) -> None:
    """Drops the file of a request that was carried out before, with the file of that time."""
    if repeated or (isinstance(done, Done) and all(file.name != stored.name for file in done.state.attachments)):
        await gongdan.attachments.discard(stored.name)


class Attachable(BaseModel):
    """A ticket that a file may be attached to."""

    id: UUID
    subject: UUID


async def attachable(gongdan: Gongdan, caller: Caller, ref: str) -> Attachable:
    """Refuse, before anything is received, whoever may not attach to this ticket."""
    desk = gongdan.desk
    state = await desk.load(await desk.find(ref))
    now = gongdan.clock.now()
    roles = caller.directory.roles(caller.login, state.community, now)
    if not roles:
        raise NotFound("ticket")
    relation = await desk.openings.relation(caller.directory, caller.login, state, now)
    allow(Right.NOTE_ATTACH, Trigger.ATTACH.value, roles, relation)
    return Attachable(id=state.id, subject=state.subject or state.id)


async def downloaded(gongdan: Gongdan, caller: Caller, ref: str, name: str) -> Response:
    """The file, once the look is in the access log; a browser saves it and runs nothing of it."""
    _, file_name = await gongdan.inquiries.attachment(caller.login, ref, name, directory=caller.directory)
    attachment, content = await gongdan.attachments.open(name)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file_name or name)}",
        "Content-Length": str(attachment.size),
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return StreamingResponse(content, headers=headers, media_type=attachment.content_type)
