"""Derive the posts of the scorecard (主责任人、付责任人) that a person held, from their dated roles and areas (D2 四).

A director (管理处主任) has the director's post. An assistant or butler with an area is an administrator (管理员). Everyone else
who works in the community is staff. Roles of the company give no post. Of two posts on one day, the first in this order counts.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from types import MappingProxyType

from domain.kernel.terms import Role
from domain.people.staff import Grant
from domain.rules.scorecard import Post
from domain.tally.facts import Appraisee, AreaAssigned, PostHeld

WITH_AREA = frozenset({Role.ASSISTANT, Role.BUTLER})
"""Roles that make an administrator if they come with an area."""
POSTS: Mapping[Role, Post] = MappingProxyType(
    {
        Role.DIRECTOR: Post.DIRECTOR,
        **dict.fromkeys(
            (
                Role.ASSISTANT,
                Role.BUTLER,
                Role.TECHNICIAN,
                Role.CONTROL_ROOM,
                Role.SECURITY,
                Role.SUPERVISOR,
                Role.FINANCE,
                Role.HR,
            ),
            Post.STAFF,
        ),
    }
)
_ONE_DAY = timedelta(days=1)
_RANK = tuple(Post)


def post_of(grant: Grant) -> Post | None:
    """The post that a grant gives; None for a company role."""
    if grant.role in WITH_AREA and grant.area is not None:
        return Post.ADMINISTRATOR
    return POSTS.get(grant.role)


def appraised(login: str, grants: Iterable[Grant]) -> Appraisee | None:
    """A person's dated posts and areas in one community; None if none of the grants gives a post."""
    held = [
        (post, grant)
        for grant in grants
        if (post := post_of(grant)) and (grant.valid_to is None or grant.valid_from <= grant.valid_to)
    ]
    if not held:
        return None
    areas = tuple(
        AreaAssigned(grant.valid_from, grant.valid_to, grant.area)
        for post, grant in held
        if post is Post.ADMINISTRATOR and grant.area is not None
    )
    return Appraisee(login, tuple(_spans(held)), areas)


def _spans(held: list[tuple[Post, Grant]]) -> Iterator[PostHeld]:
    """Merge overlapping grants into one post at a time.

    The post can change only on a day when a grant begins, or on the day after one ends; only these days are examined.
    """
    edges = {grant.valid_from for _, grant in held}
    edges |= {grant.valid_to + _ONE_DAY for _, grant in held if grant.valid_to is not None and grant.valid_to < date.max}
    days = sorted(edges)
    open_: PostHeld | None = None
    for place, day in enumerate(days):
        end = days[place + 1] - _ONE_DAY if place + 1 < len(days) else None
        posts = [post for post, grant in held if grant.covers(day)]
        post = min(posts, key=_RANK.index, default=None)
        if open_ is not None and open_.post is not post:
            yield open_
            open_ = None
        if post is not None:
            open_ = PostHeld(open_.start if open_ else day, end, post)
    if open_ is not None:
        yield open_
