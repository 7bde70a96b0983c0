"""Who sees whose tally, by role, person and open or closed month, exhaustively; and what is shown beside a tally."""

from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest

from adapters.exchange.exporting.appraisal_workbook import write_appraisal
from domain.appraisal import commands as c
from domain.kernel.errors import InvalidInput, NotAllowed, NotFound
from domain.kernel.terms import EvaluationKind, ProbationResult, ReprimandKind, Role
from domain.tally.calculation_file import supposed, supposition
from tests.appraisal.test_close import close, confirmed, moving, tally, totals
from tests.support.authority_table import ROWS, Standing, answer
from tests.support.estates.desk_estate import DAY, JX, Estate
from tests.support.spreadsheet import rows
from tests.tally.estate import BOOK

__all__ = ["moving"]
pytestmark = pytest.mark.anyio


async def test_who_sees_whose_tally(moving: Estate) -> None:
    await confirmed(moving, "7", date(2026, 3, 4))
    await close(moving, "2026-03")
    for period, closed in (("2026-03", True), ("2026-04", False), ("2026-Q1", False), ("2026", False)):
        everybody = {one.login: one.post for one in (await tally(moving, period, "director")).people}
        assert {"director", "butler", "technician", "hr", "finance"} <= set(everybody)
        for role in Role:
            login = role.value

            def sees(subject: str, post: object, role: Role = role, closed: bool = closed) -> bool:
                standing = Standing(about_oneself=subject == role.value, about_staff=post != "director", closed=closed)
                return role.value in ROWS["read tallies"] and answer("read tallies", [role.value], standing) == "yes"

            if not sees(login, "staff"):
                with pytest.raises(NotAllowed):
                    await tally(moving, period, login)
                continue
            found = {one.login for one in (await tally(moving, period, login)).people}
            assert found == {subject for subject, post in everybody.items() if sees(subject, post)}, (role, period)
    with pytest.raises(NotFound):
        await tally(moving, "2026-03", "stranger")


async def test_a_second_director_is_no_staff_of_the_supervisor_s(moving: Estate) -> None:
    found = {one.login for one in (await tally(moving, "2026-03", "supervisor")).people}
    assert "butler" in found
    assert not {"director", "director2"} & found


async def test_figures_warnings_and_evaluations_stand_on_it(moving: Estate) -> None:
    desk = moving.g.appraisal
    rate = c.ReportFigure(community=JX, name="resident_card_rate", period="2026-03", value=Decimal("0.8"))
    await desk.report(rate, moving.request("finance"))
    await desk.report(rate.model_copy(update={"value": Decimal("0.85")}), moving.request("finance"))
    for day in (date(2026, 2, 3), date(2026, 3, 3)):
        warning = c.GiveReprimand(community=JX, login="technician", kind=ReprimandKind.WARNING, reason="迟到", date=day)
        await desk.reprimand(warning, moving.request("hr"))
    for by, kind in (
        ("technician", EvaluationKind.SELF),
        ("assistant", EvaluationKind.PEER),
        ("supervisor", EvaluationKind.SUPERIOR),
    ):
        said = c.Evaluate(community=JX, login="technician", kind=kind, period="2026-03", score=80)
        await desk.evaluate(said, moving.request(by))
    found = await tally(moving, "2026-03", explained=True)
    assert [(one.name, one.value) for one in found.figures] == [("resident_card_rate", "0.85")]
    assert totals(found) == {"director": "-2", "director2": "-2", "butler": "-1", "technician": "-3"}
    technician = next(one for one in found.people if one.login == "technician")
    assert [(line.item, line.clause) for line in technician.lines] == [("warnings", "D2 五.5")]
    assert [(one.kind, one.by, one.score) for one in technician.evaluations] == [
        ("peer", "assistant", 80),
        ("self", "technician", 80),
        ("superior", "supervisor", 80),
    ]
    [own] = (await tally(moving, "2026-03", "technician")).people
    assert [(one.kind, one.by) for one in own.evaluations] == [("peer", None), ("self", "technician"), ("superior", "supervisor")]
    assert all(not one.evaluations for one in (await tally(moving, "2026-Q1")).people)


async def test_a_probation_and_its_result(moving: Estate) -> None:
    async def result(period: str = "2026-03") -> tuple[str, ProbationResult | None]:
        found = next(one for one in (await tally(moving, period)).people if one.login == "butler")
        return found.total, found.probation.result if found.probation else None

    days = {"community": JX, "login": "butler", "from": "2026-02-01", "to": "2026-04-15"}
    await moving.g.appraisal.probation(c.SetProbation.model_validate(days), moving.request("hr"))
    assert await result() == ("0", ProbationResult.RUNNING)
    assert await result("2026-01") == ("0", None)
    moving.clock.forward(20 * DAY)
    assert await result() == ("0", ProbationResult.AWAITING_EXAMINATION)
    taken = {"community": JX, "login": "butler", "examination": {"date": "2026-04-20", "passed": True}}
    await moving.g.appraisal.probation(c.SetProbation.model_validate(taken), moving.request("hr"))
    assert await result() == ("0", ProbationResult.PASSED)
    await confirmed(moving, "7", date(2026, 1, 31))
    assert await result() == ("0", ProbationResult.PASSED)
    await close(moving, "2026-03")
    await confirmed(moving, "7", date(2026, 3, 31))  # charged in April, deducted for March
    assert await result() == ("0", ProbationResult.FAILED)


async def test_a_failed_examination_fails_whatever_the_points(moving: Estate) -> None:
    body = {
        "community": JX, "login": "butler", "from": "2026-02-01", "to": "2026-03-15",
        "examination": {"date": "2026-03-20", "passed": False},
    }  # fmt: skip
    await moving.g.appraisal.probation(c.SetProbation.model_validate(body), moving.request("hr"))
    found = next(one for one in (await tally(moving, "2026-03")).people if one.login == "butler")
    assert found.probation is not None
    assert (found.probation.result, found.probation.passed) == (ProbationResult.FAILED, False)


async def test_what_if_writes_nothing(moving: Estate) -> None:
    await close(moving, "2026-03")
    law = (await moving.g.directory.current()).law_of(JX)
    asked = supposition('{"findings": [{"id": "x", "item": "14", "date": "2026-03-10", "area": "A1"}]}')
    before = await moving.footprint()
    supposed_now = await tally(moving, "2026-04", explained=True, supposed=supposed(asked, law))
    assert totals(supposed_now) == {"director": "-10", "director2": "-10", "butler": "-8"}
    assert totals(await tally(moving, "2026-03", supposed=supposed(asked, law))) == {}
    assert totals(await tally(moving, "2026-04")) == {}
    assert await moving.footprint() == before
    for wrong in ('{"findings": []}', "[", '{"findings": [{"id": "x", "item": "7"}]}'):
        with pytest.raises(InvalidInput):
            supposition(wrong)
    with pytest.raises(InvalidInput, match="no such item"):
        supposed(supposition('{"findings": [{"id": "x", "item": "99", "date": "2026-03-10"}]}'), law)


async def test_the_workbook_has_both_columns_and_the_pay_list(moving: Estate, tmp_path: Path) -> None:
    await moving.g.administration.add_person("evil", "=1+1", moving.operator)
    await moving.g.administration.grant("evil", Role.BUTLER, JX, "A1", date(2026, 1, 1), None, moving.operator)
    finding = await confirmed(moving, "7", date(2026, 3, 4))
    await confirmed(moving, "30", date(2026, 3, 4), parties=["technician"])
    answer = await tally(moving, "2026-03")
    content = BytesIO()
    write_appraisal(content, answer, BOOK)
    write_appraisal(tmp_path / "march.xlsx", answer, BOOK)
    sheets = rows(content.getvalue())
    assert rows((tmp_path / "march.xlsx").read_bytes()) == sheets
    title, heads, *lines = sheets["考评表"]
    assert title[0] == "考评表 JX 2026-03（default，未月结）"
    people = ["主责任人 director", "主责任人 director2", "付责任人 butler", "付责任人 =1+1", "其他人员 technician"]
    assert heads == ["序号", "考评项目", *people, "考评事项"]
    assert lines[0] == ["7", BOOK.items["7"].text, -2, -2, -1, -1, None, str(finding)]
    assert lines[1][:7] == ["30", BOOK.items["30"].text, None, None, None, None, -1]
    assert [line[1:7] for line in lines[2:]] == [
        ["扣分合计", 2, 2, 1, 1, 1],
        ["加分合计", 0, 0, 0, 0, 0],
        ["总计", -2, -2, -1, -1, -1],
        ["效益工资", "100%", "100%", "100%", "100%", "100%"],
    ]
    pay = {line[0]: line[1:7] for line in sheets["效益工资表"][2:]}
    assert pay["director"] == ["director", "主责任人（管理处主任）", 2, 0, -2, "100%"]
    assert pay["evil"][0] == "=1+1"
