"""A retry that leaves a stream parked gives the error and the next step."""

from uuid import uuid4

from adapters.cli.operate.parked import still_parked
from adapters.projecting.tables.fences import Parked
from tests.support.clock import MORNING


def test_the_error_of_the_stream_is_given() -> None:
    stream, other = uuid4(), uuid4()
    parked = [
        Parked("reminders", other, 7, "KeyError in x, line 1", MORNING),
        Parked("reminders", stream, 9, "ValueError in y, line 2", MORNING),
    ]
    said = still_parked("reminders", stream, parked)
    assert said == f"{stream} stays parked in reminders: ValueError in y, line 2; mend the cause, then retry"
