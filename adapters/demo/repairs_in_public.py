"""Stories of repairs (报修) in common parts and at night: contractors, parts, back-entry, deferral to the morning."""

from adapters.demo.staff import COMMUNITY
from adapters.demo.story import Days, Step, Story, call, public, repair
from adapters.simulation.company.estate import PLUMBERS
from adapters.simulation.courses.steps import ReturnToPost, Substitute
from domain.kernel.terms import (
    AssigneeType,
    CancelReason,
    Channel,
    EscalationLevel,
    Facility,
    FollowUpMethod,
    Kind,
    LinkRelation,
    SuspendReason,
    Urgency,
)
from domain.ticket import commands as c
from domain.ticket.back_entry import BackEntry, ClassifiedThen, CompletedThen, DispatchedThen

PHONE, VISIT = FollowUpMethod.PHONE, FollowUpMethod.VISIT
MINOR, SEVERE = Facility.PUBLIC_MINOR, Facility.PUBLIC_SEVERE


def lift(t: Days) -> list[Story]:
    """A lift out of service: severe, an outside contractor, parts awaited; a second call is a duplicate (D2 item 6)."""
    s, home = t.step, t.residents.new
    contractor = c.AssigneeRef(type=AssigneeType.CONTRACTOR, id="lift")
    main = Story(
        "lift",
        [
            s(
                -6,
                "07:48",
                "ma.jianguo",
                public(
                    "A1",
                    "2 单元客梯",
                    "监控看到电梯停在七楼不动，轿厢里没有人，外呼按钮不亮。",
                    channel=Channel.CONTROL_ROOM,
                    building="3",
                    urgency=Urgency.EMERGENCY,
                ),
            ),
            s(-6, "07:53", "sun.wei", repair("lift", SEVERE)),
            s(
                -6,
                "08:35",
                "li.na",
                c.Escalate(reason="电梯停运，涉及维保合同，请主管联系厂家。", level=EscalationLevel.SUPERVISOR),
            ),
            s(-6, "08:39", "li.na", c.Dispatch(assignee=contractor)),
            s(-6, "08:46", "li.na", c.Accept()),
            s(-6, "09:24", "li.na", c.Start()),
            s(-6, "10:31", "li.na", c.Suspend(reason=SuspendReason.AWAITING_PARTS)),
            s(
                -6,
                "10:34",
                "li.na",
                c.Reply(message="维保单位答复：门机变频器损坏，厂家发货约三天；楼下已贴告示，请改乘 1 单元电梯。"),
            ),
            s(-3, "13:42", "li.na", c.Resume()),
            s(
                -3,
                "16:18",
                "li.na",
                c.Complete(resolution="更换门机变频器，空载运行五十次平层正常，双方在维保单上签字。", parts=("门机变频器",)),
            ),
            s(
                -2,
                "10:05",
                "chen.ping",
                c.FollowUp(satisfied=True, rating=4, method=VISIT, comment="楼长反映修好了，就是等得久。"),
            ),
        ],
    )
    again = Story(
        "lift_again",
        [
            s(-6, "08:12", "sun.wei", call(home("A1"), "老人要去医院，电梯坏了下不来楼，什么时候能修？")),
            s(-6, "08:41", "zhao.min", c.Reply(message="已派两名安护带担架椅上楼协助老人下楼。")),
            s(-6, "08:52", "zhao.min", c.Cancel(reason=CancelReason.DUPLICATE, duplicate_of="lift")),
        ],
    )
    return [main, again]


def common_things(t: Days) -> list[Story]:
    """Common parts: one overdue for want of a part, one by a team with major works, one drafted offline in the basement."""
    s = t.step
    closer = Story(
        "door_closer",
        [
            s(
                -5,
                "10:42",
                "zhou.jie",
                public("A1", "1 单元单元门", "单元门闭门器漏油，门关不上，夜里谁都能进。", channel=Channel.BUTLER, building="2"),
            ),
            s(-5, "10:45", "zhou.jie", repair("door", MINOR)),
            s(-5, "10:48", "zhou.jie", c.Dispatch(assignee="jiang.tao")),
            s(-5, "11:02", "jiang.tao", c.Accept()),
            s(-5, "14:31", "jiang.tao", c.Start()),
            s(-5, "14:50", "jiang.tao", c.Suspend(reason=SuspendReason.AWAITING_PARTS)),
            s(-3, "10:28", "jiang.tao", c.Resume()),
            s(-3, "10:57", "jiang.tao", c.Suspend(reason=SuspendReason.AWAITING_PARTS)),
            s(-3, "11:01", "jiang.tao", c.Note(text="送来的闭门器臂长不对，已退回仓库换型号。")),
            s(-1, "09:08", "chen.ping", c.Urge(message="已经超过三天，今天务必把型号落实，先加临时门吸。")),
        ],
    )
    pipe = Story(
        "garage_pipe",
        [
            s(
                -4,
                "09:47",
                "li.na",
                public("A3", "地下车库 B1 层 C 区", "消防主管法兰处锈蚀渗水，地面积水一直流到车位。", channel=Channel.WALK_IN),
            ),
            s(-4, "09:52", "li.na", repair("plumbing", SEVERE)),
            s(-4, "09:56", "li.na", c.Dispatch(assignee=c.AssigneeRef(type=AssigneeType.TEAM, id=PLUMBERS))),
            s(-4, "10:08", "qian.liang", c.Accept()),
            s(-4, "10:35", "qian.liang", c.Start()),
            s(
                -4,
                "15:10",
                "li.na",
                c.Escalate(reason="要关停消防主管泄水，须管理处报备后施工。", level=EscalationLevel.DIRECTOR),
            ),
            s(-3, "09:20", "zhao.min", c.Reply(message="渗水处已围挡，受影响的六个车位请暂停到临时区。")),
            s(-3, "14:02", "qian.liang", c.Suspend(reason=SuspendReason.AWAITING_PARTS)),
            s(-1, "15:36", "chen.ping", c.Escalate(reason="法兰与垫片规格特殊，请工程部核价采购。", department="engineering")),
        ],
    )
    light = Story(
        "garage_light",
        [
            s(
                -2,
                "13:45",
                "ma.jianguo",
                public("A3", "地下车库坡道入口", "坡道转弯处三盏灯不亮，车辆会车看不清。", channel=Channel.CONTROL_ROOM),
            ),
            s(-2, "13:50", "li.na", repair("electrical", MINOR)),
            s(-2, "13:52", "li.na", c.Dispatch(assignee="qian.liang")),
            s(-2, "14:00", "qian.liang", c.Accept()),
            s(-2, "14:12", "qian.liang", c.Start()),
            Step(
                t.at(-2, "15:29"),
                "qian.liang",
                c.Complete(resolution="换灯管三支、镇流器一只，逐盏点亮检查。", parts=("LED 灯管 T8", "镇流器")),
                occurred_at=t.at(-2, "14:48"),
                offline=True,
            ),
            s(-1, "10:22", "zhao.min", c.FollowUp(satisfied=True, rating=5, method=VISIT)),
        ],
    )
    intercom = Story(
        "intercom",
        [
            s(
                -3,
                "15:32",
                "wu.fang",
                public(
                    "A2",
                    "2 单元门口机",
                    "门口机按键失灵，访客呼不到住户，只能打电话下楼开门。",
                    channel=Channel.BUTLER,
                    building="7",
                ),
            ),
            s(-3, "15:36", "wu.fang", repair("intercom", MINOR)),
            s(-3, "15:40", "wu.fang", c.Dispatch(assignee="qian.liang")),
            s(-3, "15:51", "qian.liang", c.Accept()),
            s(-2, "09:20", "qian.liang", c.Start()),
            s(-2, "10:26", "qian.liang", c.Complete(resolution="按键排线氧化，清洁后重插并加防潮硅脂。")),
            s(-1, "15:16", "wu.fang", c.FollowUp(satisfied=True, rating=4, method=VISIT)),
        ],
    )
    return [closer, pipe, light, intercom]


def at_night(t: Days) -> list[Story]:
    """At night (夜间): a burst pipe with a guard as stand-in (D5 六), back-entry (D1 4.1.3), deferral (D5 四, 五)."""
    s, home = t.step, t.residents.new
    burst = Story(
        "burst",
        [
            s(
                -4,
                "23:14",
                "sun.wei",
                call(home("A2"), "厨房水管爆了，水已经漫到客厅，总阀关不动！", urgency=Urgency.EMERGENCY),
            ),
            s(-4, "23:15", "sun.wei", repair("plumbing")),
            s(-4, "23:16", "sun.wei", c.Dispatch(assignee="sun.wei")),
            s(-4, "23:17", "sun.wei", Substitute("gao.peng")),
            s(-4, "23:18", "sun.wei", c.Accept()),
            s(-4, "23:24", "sun.wei", c.Start()),
            s(
                -4,
                "23:57",
                "sun.wei",
                c.Complete(resolution="关楼层总阀后更换爆裂的软管，帮住户把积水扫到阳台。", parts=("编织软管 60cm",)),
            ),
            s(-3, "00:04", "sun.wei", ReturnToPost()),
            s(-3, "09:18", "zhao.min", c.FollowUp(satisfied=True, rating=5, method=PHONE, comment="半夜十分钟就到，非常感谢。")),
        ],
    )
    caller = home("A1")
    entered = Story(
        "back_entry",
        [
            Step(
                t.at(-5, "08:51"),
                "zhao.min",
                BackEntry(
                    community=COMMUNITY,
                    channel=Channel.CONTROL_ROOM,
                    description="凌晨来电，卫生间顶上滴水，中控室直接叫夜班师傅上门。",
                    location=caller.place,
                    reporter=caller.reporter,
                    urgency=Urgency.EMERGENCY,
                    classified=ClassifiedThen(
                        kind=Kind.REPAIR,
                        facility=Facility.PRIVATE,
                        category="plumbing",
                        occurred_at=t.at(-5, "02:12"),
                    ),
                    dispatched=DispatchedThen(assignee="zheng.gang", occurred_at=t.at(-5, "02:14")),
                    completed=CompletedThen(
                        resolution="楼上洗衣机排水管滑脱，插回地漏并用扎带固定。", occurred_at=t.at(-5, "02:58")
                    ),
                ),
                occurred_at=t.at(-5, "02:10"),
            ),
            s(-5, "15:31", "li.na", c.FollowUp(satisfied=True, rating=4, method=PHONE)),
        ],
    )
    screen = Story(
        "screen",
        [
            s(-3, "21:36", "zheng.gang", call(home("A1"), "阳台纱窗被风吹出轨道，挂在外面怕掉下去，已经用绳子绑住。")),
            s(-3, "21:39", "zheng.gang", c.Defer(told_resident=True)),
            s(-2, "08:41", "li.na", repair("carpentry")),
            s(-2, "08:43", "li.na", c.Dispatch(assignee="jiang.tao")),
            s(-2, "08:50", "jiang.tao", c.Accept()),
            s(-2, "09:02", "jiang.tao", c.Start()),
            s(-2, "09:38", "jiang.tao", c.Complete(resolution="纱窗装回轨道，换了两只限位滑轮。", parts=("纱窗滑轮",))),
            s(-1, "14:11", "zhao.min", c.FollowUp(satisfied=True, rating=5, method=PHONE)),
        ],
    )
    bracket = Story(
        "bracket",
        [
            s(-1, "22:18", "sun.wei", call(home("A2"), "主卧空调外机一开就嗡嗡共振，床都跟着抖，睡不着。")),
            s(-1, "22:23", "sun.wei", c.Defer(told_resident=True)),
            s(0, "08:44", "li.na", repair("air_conditioning")),
            s(0, "08:47", "li.na", c.Dispatch(assignee="wang.qiang", appointment_at=t.at(0, "10:00"))),
            s(0, "09:02", "wang.qiang", c.Accept()),
            s(0, "10:04", "wang.qiang", c.Start()),
            s(0, "10:49", "wang.qiang", c.Complete(resolution="外机支架螺栓松动，加防震垫后重新紧固。", parts=("防震胶垫",))),
        ],
    )
    tonight = Story(
        "tonight",
        [
            s(0, "21:22", "zheng.gang", call(home("A1"), "客厅推拉门的玻璃有一道裂纹，贴了胶带，想换一块。")),
            s(0, "21:27", "zheng.gang", c.Defer(told_resident=True)),
        ],
    )
    return [burst, entered, screen, bracket, tonight]


def cancelled(t: Days) -> list[Story]:
    """Cancellations: withdrawn by the resident, and one linked to another ticket with a common cause."""
    s, home = t.step, t.residents.new
    withdrawn = Story(
        "withdrawn",
        [
            s(-4, "13:41", "li.na", call(home("A1"), "浴霸按了没反应，换气扇也不转。")),
            s(-4, "13:44", "li.na", repair("electrical")),
            s(-4, "13:58", "li.na", c.Cancel(reason=CancelReason.WITHDRAWN)),
            s(-4, "13:59", "li.na", c.Note(text="住户回电：是自家漏保没合上，现在好了。")),
        ],
    )
    damp = Story(
        "damp",
        [
            s(-1, "13:36", "zhao.min", call(home("A2"), "楼道公共照明一晚上全黑，只有应急灯亮着。", channel=Channel.WALK_IN)),
            s(-1, "13:40", "zhao.min", repair("electrical", MINOR)),
            s(-1, "13:44", "zhao.min", c.Schedule(appointment_at=t.at(0, "15:00"))),
            s(-1, "13:47", "zhao.min", c.LinkTicket(ticket="breaker", relation=LinkRelation.SAME_CAUSE)),
        ],
    )
    return [withdrawn, damp]


def just_now(t: Days) -> list[Story]:
    """Requests received a few minutes ago, at any hour."""
    home = t.residents.new
    first, second = home("A1"), home("A2")
    return [
        Story("just_now", [Step(t.ago(34), "on_duty", call(first, "门禁卡刷了没反应，只能跟着别人进单元门。"))]),
        Story("just_now_too", [Step(t.ago(7), "on_duty", call(second, "厨房下水有股异味，像是反水弯干了。"))]),
    ]


TELLINGS = (lift, common_things, at_night, cancelled, just_now)
