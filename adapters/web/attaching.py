"""Attachments (附件): uploads, encrypted and stored as they arrive, and downloads.

The file is stored before the command that names it, so a file whose command is refused must be deleted.
"""

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
"""Bytes that an upload may hold besides the file: part headers and text fields."""


_UNSAFE = re.compile(r"[^\w.\- ()（）]")


async def begun(request: Request, gongdan: Gongdan) -> Upload:
    """Receive an upload up to where its file begins; raises UnsupportedMedia, TooLarge, TooSlow, InvalidInput."""
    media = request.headers.get("content-type", "")
    if media.partition(";")[0].strip().lower() != "multipart/form-data":
        raise UnsupportedMedia("the body must be multipart/form-data")
    upload = Upload(media, received(request, gongdan.attachments.most_bytes + ENVELOPE_BYTES, gongdan.settings.body_seconds))
    await upload.begin()
    return upload


def attach_command(stored: Attachment, upload: Upload) -> c.Attach:
    """Make the command that names a stored file; unsafe characters of the file name become ``_``."""
    file_name = _UNSAFE.sub("_", upload.file_name) if upload.file_name else None
    return c.Attach(name=stored.name, content_type=stored.content_type, size=stored.size, file_name=file_name)


@asynccontextmanager
async def kept_if_named(gongdan: Gongdan, stored: Attachment) -> AsyncIterator[None]:
    """Delete the stored file if the command within is refused, since no event then names it."""
    try:
        yield
    except Overloaded:
        raise  # Overloaded leaves it open whether the event was written: keep the file
    except Refusal:
        await gongdan.attachments.discard(stored.name)
        raise


async def drop_repeated(gongdan: Gongdan, stored: Attachment, done: Done | Waiting, repeated: bool) -> None:
    """Delete the stored file if the command was a repeat, whose first request stored its own copy."""
    if repeated or (isinstance(done, Done) and all(file.name != stored.name for file in done.state.attachments)):
        await gongdan.attachments.discard(stored.name)


class Attachable(BaseModel):
    """A ticket to which the caller may attach a file; ``subject`` is whose key encrypts it."""

    id: UUID
    subject: UUID


async def attachable(gongdan: Gongdan, caller: Caller, ref: str) -> Attachable:
    """Find the ticket and check the right to attach, before any byte of the file is received.

    Raises NotFound outside the ticket's community, NotAllowed inside.
    """
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
    """Answer with an attachment, once the access log has the entry.

    Headers make a browser save the file and keep it from running any of it.
    """
    _, file_name = await gongdan.inquiries.attachment(caller.login, ref, name, directory=caller.directory)
    attachment, content = await gongdan.attachments.open(name)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file_name or name)}",
        "Content-Length": str(attachment.size),
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return StreamingResponse(content, headers=headers, media_type=attachment.content_type)
