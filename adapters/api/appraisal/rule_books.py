"""Operations of rule books (考评细则): reading those of a community, publishing its own."""

from starlette.requests import Request
from starlette.responses import Response

from adapters.answers.appraisal.rule_books import PublishedRuleBook, RuleBooksAnswer
from adapters.answers.approval.approval import ApprovalAnswer
from adapters.answers.people.lists import own_communities
from adapters.api.openapi import responses
from adapters.api.openapi.description import command_extra
from adapters.web.authentication import TheCaller
from adapters.web.commands import command, waiting_response
from adapters.web.context import TheApi
from adapters.web.parameters import CommunityParam
from adapters.web.reading import json_answer
from adapters.web.routing import resources
from domain.kernel.periods import Month
from domain.publication.commands import PublishRuleBook

router = resources("appraisal")


@router.get("/rule-book", summary="考评细则 · The rule book", response_model=RuleBooksAnswer, responses=responses.read())
async def rule_book(api: TheApi, caller: TheCaller, community: CommunityParam) -> Response:
    """Read a community's rule books: the company's first, and its own from the month each is in force."""
    [state] = own_communities(api.gongdan, caller, community)
    law = caller.directory.law_of(state.code)
    month = Month.of(caller.directory.day(state.code, api.gongdan.clock.now()))
    published = [
        PublishedRuleBook(from_month=str(start), version=law.published[start].version, text=state.rule_books[str(start)])
        for start in sorted(law.published)
    ]
    answer = RuleBooksAnswer(community=state.code, version=law.of(month).version, first=law.first.version, published=published)
    return json_answer(answer)


@router.post(
    "/rule-book",
    summary="公布考评细则 · Publish a community's own rule book (two people)",
    status_code=202,
    response_model=ApprovalAnswer,
    responses=responses.write(202),
    openapi_extra=command_extra(PublishRuleBook),
)
async def publish_rule_book(request: Request) -> Response:
    """Request publication of a rule book in TOML, which is validated.

    Once a second person approves, it is in force from the first day of a month that has not begun.
    """
    async with command(request, PublishRuleBook) as (write, body):
        return waiting_response(await write.api.gongdan.publication.ask(body, write.request()))
