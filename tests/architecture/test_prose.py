"""Texts keep clear of the phrases that leave out the name of the thing (see `prose`)."""

import pytest

from tests.architecture.prose import CODE, ROOMS, ROOT, findings, phrases_in, texts_of_python


def places() -> list[str]:
    """Each folder of the second level, and each file beside them."""
    found = [
        path
        for room in ROOMS
        if (ROOT / room).exists()
        for path in ((ROOT / room).glob("*") if (ROOT / room).is_dir() else [ROOT / room])
    ]
    return sorted(path.relative_to(ROOT).as_posix() for path in found if path.name != "__pycache__")


@pytest.mark.parametrize("place", places())
def test_the_texts_name_the_thing(place: str) -> None:
    assert [str(each) for each in findings(ROOT / place)] == []


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("The same of the caller alone.", "The same …"),
        ("An estate. The same, as a workbook.", "The same …"),
        ("Event bytes, the same on every store.", "The same …"),
        ("It is written down all the same, but later.", "The same …"),
        ("Refuse whoever may not read.", "whoever"),
        ("Whoever has it opens the store.", "whoever"),
        ("Say what becomes of a command.", "what becomes of"),
        ("Say what\n    became of it.", "what becomes of"),
        ("What comes back.", "what comes back"),
        ("Only the culprit is told.", "is told"),
        ("They were\ntold so.", "is told"),
        ("The ticket stands at version 3.", "stands"),
        ("Texts stand sealed in the row.", "stands"),
        ("How long it stood there.", "stands"),
        ("A day otherwise than published.", "otherwise than"),
        ("Commands as in earnest.", "in earnest"),
    ],
)
def test_a_phrase_is_seen(text: str, phrase: str) -> None:
    assert [name for _, name in phrases_in(text)] == [phrase]


@pytest.mark.parametrize(
    "text",
    [
        "Two entries of the same month are one.",
        "E stands for event; an officer may stand in for another, as a stand-in.",
        "Standing, understands, withstood, told by its pointer.",
        "Calls ``stands`` and `whoever`, as code.",
        "```\nwhoever = stands\n```",
    ],
)
def test_what_is_allowed_is_not_reported(text: str) -> None:
    assert phrases_in(text) == []


def test_every_text_of_a_module_is_read() -> None:
    source = '''"""Module: whoever."""
STATE = "stands"  # a comment: it stands
LAW = 1
"""Attribute:
whoever."""
def f(x):
    """Function: whoever."""
    # A comment of two lines, what
    # comes back.
    raise ValueError(f"{x} is told, whoever asks")
'''
    found = sorted((text.line + lines, name) for text in texts_of_python(source) for lines, name in phrases_in(text.text))
    assert found == [
        (1, "whoever"), (2, "stands"), (5, "whoever"), (7, "whoever"), (8, "what comes back"), (10, "is told"), (10, "whoever"),
    ]  # fmt: skip


def test_code_keeps_its_lines() -> None:
    assert CODE.search("a ``b\nc`` d") is not None
    assert phrases_in("``b\nc`` whoever") == [(1, "whoever")]
