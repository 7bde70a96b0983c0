"""``gongdan dwellings``: a register imported by the operator, whose output names nobody."""

import json

from tests.support.command_line import Home

REGISTER = """责任区,楼栋,单元,房号,姓名,电话,身份,锁匙
A1,3,2,1201,王小明,13812345678,业主,3
A1,3,2,1201,李娜,13812345678,住户,
A9,3,2,1202,赵六,13900000000,租户,
"""


def prepared(home: Home, encoding: str = "utf-8") -> Home:
    home.done("community", "add", "JX", "--name", "锦绣花园")
    home.done("area", "add", "JX", "A1")
    (home.path / "名册.csv").write_text(REGISTER, encoding=encoding)
    return home


def test_a_register_is_imported_with_a_report_of_every_refused_row(home: Home) -> None:
    prepared(home)
    tried = json.loads(home.done("dwellings", "import", "JX", "名册.csv", "--dry-run", "--json"))
    done = home.done("dwellings", "import", "JX", "名册.csv", "--report", "report.json")
    again = json.loads(home.done("dwellings", "import", "JX", "名册.csv", "--json"))
    assert (tried["accepted"], tried["already_there"], tried["refused_by_reason"]) == (2, 0, {"unknown_area": 1})
    assert (again["accepted"], again["already_there"]) == (0, 2)
    report = json.loads((home.path / "report.json").read_text())
    assert [(refusal["row"], refusal["reason"]) for refusal in report["refusals"]] == [(4, "unknown_area")]
    for said in ("王小明", "13812345678", "1201"):
        assert said not in done + json.dumps(again, ensure_ascii=False) + json.dumps(report, ensure_ascii=False)


def test_another_encoding_is_stated_or_refused_with_the_reason(home: Home) -> None:
    prepared(home, "gbk")
    refused = home.run("dwellings", "import", "JX", "名册.csv")
    assert refused.exit_code == 1
    assert "state its encoding, such as --encoding gbk" in refused.output
    assert json.loads(home.done("dwellings", "import", "JX", "名册.csv", "--encoding", "gbk", "--json"))["accepted"] == 2
