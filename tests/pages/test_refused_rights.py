"""A refusal for lack of a right says in words who has it, for every row of the authority table."""

import re
from typing import Any

import pytest

from adapters.pages.frame.refusals import explained
from adapters.rendering.environment import Words
from domain.people.authority import Right, denied


class Reader:
    """A visitor with a language and nothing else."""

    language = "zh"
    words = Words("zh")
    say = words.say
    label = words.label


@pytest.mark.parametrize("right", Right)
def test_every_row_of_the_table_is_explained(right: Right) -> None:
    reader: Any = Reader()
    said = explained(denied(right, "read", ()), reader).said
    assert said
    assert all(re.search("[\u3400-\u9fff]", text) for text in said)
