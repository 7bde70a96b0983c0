"""The estate of the demonstration and the people who work there: posts, areas, and who is on duty when."""

from dataclasses import dataclass

from domain.terms import Role

COMMUNITY, COMMUNITY_NAME = "JX", "锦绣花园"
AREAS = {"A1": "东区（1–4 栋）", "A2": "西区（5–8 栋）", "A3": "商业街与地下车库"}
TEAM = "plumbers"
TEAM_MEMBERS = ("wang.qiang", "sun.wei", "zheng.gang", "qian.liang")
CONTRACTORS = {"lift": "宏达电梯维保公司", "greening": "绿源园林保洁公司"}


@dataclass(frozen=True, slots=True)
class Member:
    """A member of staff and the one post they hold; without ``area`` in the whole community, ``company`` in all of them."""

    login: str
    name: str
    role: Role
    area: str | None = None
    company: bool = False


STAFF = (
    Member("li.na", "李娜", Role.ASSISTANT),
    Member("zhao.min", "赵敏", Role.ASSISTANT),
    Member("zhou.jie", "周洁", Role.BUTLER, "A1"),
    Member("wu.fang", "吴芳", Role.BUTLER, "A2"),
    Member("wang.qiang", "王强", Role.TECHNICIAN),
    Member("sun.wei", "孙伟", Role.TECHNICIAN),
    Member("zheng.gang", "郑刚", Role.TECHNICIAN),
    Member("qian.liang", "钱亮", Role.TECHNICIAN),
    Member("jiang.tao", "蒋涛", Role.TECHNICIAN),
    Member("ma.jianguo", "马建国", Role.CONTROL_ROOM),
    Member("gao.peng", "高鹏", Role.SECURITY),
    Member("tian.yong", "田勇", Role.SECURITY),
    Member("chen.ping", "陈萍", Role.SUPERVISOR),
    Member("liu.jianhua", "刘建华", Role.DIRECTOR),
    Member("he.qin", "何琴", Role.FINANCE),
    Member("luo.yun", "罗云", Role.HR),
    Member("xu.hui", "徐辉", Role.APPRAISER, company=True),
    Member("tang.rong", "唐蓉", Role.AUDITOR, company=True),
    Member("song.yu", "宋宇", Role.PRIVACY_OFFICER, company=True),
    Member("admin", "系统管理员", Role.ADMIN, company=True),
)

_NIGHTS = ("zheng.gang", "wang.qiang", "sun.wei")
_DAYS = ("li.na", "zhao.min")


def night_officer(day: int) -> str:
    """夜间值班: the technician who holds the desk in the night that begins on a day (counted from today, the past negative)."""
    return _NIGHTS[day % 3]


def day_officer(day: int) -> str:
    """The assistant who holds the desk by day, from morning to evening without a break."""
    return _DAYS[day % 2]
