"""The demonstration's estate and its staff."""

from adapters.simulation.company.estate import CARPENTRY, ELECTRICAL, HVAC, PLUMBING, Estate, Member
from adapters.simulation.company.residents import Building
from domain.kernel.terms import Role

COMMUNITY, COMMUNITY_NAME = "JX", "锦绣花园"
AREAS = {"A1": "东区（1–4 栋）", "A2": "西区（5–8 栋）", "A3": "商业街与地下车库"}
STAFF = (
    Member("he.xue", "何雪", Role.ASSISTANT),
    Member("li.na", "李娜", Role.ASSISTANT),
    Member("zhao.min", "赵敏", Role.ASSISTANT),
    Member("zhou.jie", "周洁", Role.BUTLER, "A1"),
    Member("wu.fang", "吴芳", Role.BUTLER, "A2"),
    Member("zheng.gang", "郑刚", Role.TECHNICIAN, skills=(PLUMBING, ELECTRICAL), nights=True),
    Member("wang.qiang", "王强", Role.TECHNICIAN, skills=(PLUMBING, ELECTRICAL, HVAC), nights=True),
    Member("sun.wei", "孙伟", Role.TECHNICIAN, skills=(PLUMBING, ELECTRICAL), nights=True),
    Member("jiang.tao", "蒋涛", Role.TECHNICIAN, skills=(CARPENTRY, HVAC)),
    Member("qian.liang", "钱亮", Role.TECHNICIAN, skills=(PLUMBING, ELECTRICAL, HVAC)),
    Member("fang.yi", "方毅", Role.TECHNICIAN, skills=(CARPENTRY, ELECTRICAL)),
    Member("lu.bin", "陆斌", Role.TECHNICIAN, skills=(PLUMBING, CARPENTRY, HVAC)),
    Member("ma.jianguo", "马建国", Role.CONTROL_ROOM),
    Member("shi.lei", "石磊", Role.CONTROL_ROOM),
    Member("peng.chao", "彭超", Role.CONTROL_ROOM),
    Member("tian.yong", "田勇", Role.SECURITY),
    Member("gao.peng", "高鹏", Role.SECURITY),
    Member("feng.jun", "冯军", Role.SECURITY),
    Member("chen.ping", "陈萍", Role.SUPERVISOR),
    Member("liu.jianhua", "刘建华", Role.DIRECTOR),
    Member("he.qin", "何琴", Role.FINANCE),
    Member("luo.yun", "罗云", Role.HR),
    Member("xu.hui", "徐辉", Role.APPRAISER, company=True),
    Member("tang.rong", "唐蓉", Role.AUDITOR, company=True),
    Member("song.yu", "宋宇", Role.PRIVACY_OFFICER, company=True),
    Member("admin", "系统管理员", Role.ADMIN, company=True),
)
BUILDINGS = tuple(Building(str(number), "A1" if number <= 4 else "A2") for number in range(1, 9))
ESTATE = Estate(COMMUNITY, COMMUNITY_NAME, AREAS, BUILDINGS, STAFF, calls=5.0)
"""Eight buildings of 144 dwellings."""
