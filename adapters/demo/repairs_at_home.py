"""Stories of repairs at home (报修): paid services, quotations, rework, reopening, follow-ups, approvals."""

from adapters.demo.story import Approve, Days, Step, Story, call, repair
from domain.kernel.terms import CancelReason, Channel, ChargeOutcome, CorrectionReason, FollowUpMethod, Kind, SuspendReason
from domain.ticket import commands as c

PHONE = FollowUpMethod.PHONE


def paid_services(t: Days) -> list[Story]:
    """Paid services (有偿服务): quoted by the price list, accepted, settled; one waived, one declined (D1 4.2.1)."""
    s, home = t.step, t.residents.new
    tap = Story(
        "tap",
        [
            s(-9, "09:12", "li.na", call(home("A1"), "厨房水槽的龙头关不严，一直往下滴，接的盆子半天就满了。")),
            s(-9, "09:15", "zhao.min", repair("plumbing")),
            s(-9, "09:18", "zhao.min", c.Dispatch(assignee="wang.qiang", appointment_at=t.at(-9, "10:30"))),
            s(-9, "09:26", "wang.qiang", c.Accept()),
            s(-9, "10:28", "wang.qiang", c.Start()),
            s(-9, "10:36", "wang.qiang", c.Quote(lines=(c.QuoteLine(code="replace_tap", quantity=1),))),
            s(-9, "10:39", "wang.qiang", c.AcceptQuote()),
            s(
                -9,
                "11:07",
                "wang.qiang",
                c.Complete(
                    resolution="换了住户自备的冷热水龙头，两路试压二十分钟，接口不渗。", parts=("生料带", "不锈钢编织软管 40cm")
                ),
            ),
            s(-9, "11:42", "he.qin", c.SettleCharge(outcome=ChargeOutcome.PAID, method="wechat", receipt="SF0301")),
            s(
                -8,
                "10:10",
                "zhao.min",
                c.FollowUp(satisfied=True, rating=5, method=PHONE, comment="师傅准时，走前把柜子也擦干净了。"),
            ),
        ],
    )
    toilet = Story(
        "toilet",
        [
            s(-8, "14:05", "zhao.min", call(home("A2"), "主卫马桶冲水下不去，昨晚开始越来越慢，今天直接返上来了。")),
            s(-8, "14:08", "zhao.min", repair("plumbing")),
            s(-8, "14:11", "zhao.min", c.Dispatch(assignee="sun.wei")),
            s(-8, "14:13", "zhao.min", c.Reply(message="已安排孙师傅，半小时内到，请先不要再冲水。")),
            s(-8, "14:20", "sun.wei", c.Accept()),
            s(-8, "14:41", "sun.wei", c.Start()),
            s(-8, "14:46", "sun.wei", c.Quote(lines=(c.QuoteLine(code="unblock_toilet"),))),
            s(-8, "14:48", "sun.wei", c.AcceptQuote()),
            s(-8, "15:32", "sun.wei", c.Complete(resolution="从楼层检修口掏出成团湿巾，堵点在公共立管，不在住户家里。")),
            s(-7, "09:20", "liu.jianhua", c.SettleCharge(outcome=ChargeOutcome.WAIVED)),
            s(-7, "16:02", "li.na", c.FollowUp(satisfied=True, rating=4, method=PHONE, comment="通了，希望提醒楼上别乱扔湿巾。")),
        ],
    )
    rewiring = Story(
        "rewiring",
        [
            s(-7, "10:22", "li.na", call(home("A2"), "厨房一开烤箱就跳闸，想请人看看线路要不要换。")),
            s(-7, "10:25", "li.na", repair("electrical")),
            s(-7, "10:27", "li.na", c.Dispatch(assignee="zheng.gang", appointment_at=t.at(-7, "15:00"))),
            s(-7, "10:40", "zheng.gang", c.Accept()),
            s(-7, "14:57", "zheng.gang", c.Start()),
            s(
                -7,
                "15:20",
                "zheng.gang",
                c.Quote(lines=(c.QuoteLine(code="rewire_circuit", quantity=3), c.QuoteLine(code="replace_breaker"))),
            ),
            s(-7, "15:31", "zheng.gang", c.DeclineQuote()),
            s(-7, "15:44", "li.na", c.Cancel(reason=CancelReason.QUOTE_DECLINED)),
            s(-7, "15:46", "li.na", c.Note(text="住户说先和家人商量，需要时再来电。")),
        ],
    )
    lamp = Story(
        "lamp",
        [
            s(-1, "08:52", "zhao.min", call(home("A1"), "客厅吸顶灯闪了两天，今早彻底不亮了，新灯已经买好。")),
            s(-1, "08:55", "zhao.min", repair("electrical")),
            s(-1, "08:57", "zhao.min", c.Dispatch(assignee="qian.liang", appointment_at=t.at(-1, "14:30"))),
            s(-1, "09:05", "qian.liang", c.Accept()),
            s(-1, "14:28", "qian.liang", c.Start()),
            s(-1, "14:33", "qian.liang", c.Quote(lines=(c.QuoteLine(code="replace_lamp"),))),
            s(-1, "14:34", "qian.liang", c.AcceptQuote()),
            s(-1, "15:02", "qian.liang", c.Complete(resolution="装好住户自购的吸顶灯，顺手紧固了接线端子。")),
        ],
    )
    return [tap, toilet, rewiring, lamp]


def rework(t: Days) -> list[Story]:
    """Rework (返修) after a dissatisfied follow-up, and reopening (重开) after a later call."""
    s, home = t.step, t.residents.new
    socket = Story(
        "socket",
        [
            s(-9, "15:20", "zhao.min", call(home("A1"), "次卧靠窗那面墙的插座没电，换了几个电器都不行。")),
            s(-9, "15:23", "zhao.min", repair("electrical")),
            s(-9, "15:25", "zhao.min", c.Dispatch(assignee="qian.liang")),
            s(-9, "15:34", "qian.liang", c.Accept()),
            s(-9, "16:10", "qian.liang", c.Start()),
            s(-9, "16:48", "qian.liang", c.Complete(resolution="插座后面零线松脱，重新压接并测了回路。")),
            s(
                -8,
                "09:41",
                "zhao.min",
                c.FollowUp(satisfied=False, method=PHONE, comment="插座有电了，可是床头的双控开关反而失灵。"),
            ),
            s(-8, "10:05", "zhao.min", c.Dispatch(assignee="sun.wei", appointment_at=t.at(-8, "11:00"))),
            s(-8, "10:12", "sun.wei", c.Accept()),
            s(-8, "10:54", "sun.wei", c.Start()),
            s(-8, "11:36", "sun.wei", c.Complete(resolution="上次压接时碰断了双控线，补接后两处开关都正常。")),
            s(-7, "10:18", "li.na", c.FollowUp(satisfied=True, rating=4, method=PHONE)),
        ],
    )
    ceiling = Story(
        "ceiling",
        [
            s(-5, "09:33", "zhao.min", call(home("A2"), "餐厅吊顶有一圈水印，摸着是湿的，怀疑楼上空调冷凝水漏。")),
            s(-5, "09:37", "zhao.min", repair("plumbing")),
            s(-5, "09:40", "zhao.min", c.Dispatch(assignee="sun.wei", appointment_at=t.at(-5, "11:00"))),
            s(-5, "09:52", "sun.wei", c.Accept()),
            s(-5, "10:58", "sun.wei", c.Start()),
            s(-5, "11:50", "sun.wei", c.Complete(resolution="楼上冷凝水管接头脱开，已插紧并打胶，吊顶先晾干。")),
            s(-1, "11:12", "zhao.min", c.FollowUp(satisfied=False, method=PHONE, comment="前天晚上又滴了，水印比原来还大。")),
            s(-1, "11:20", "zhao.min", c.Reply(message="师傅今天都排满了，我们约好楼上的时间马上给您回电。")),
            s(-1, "11:26", "zhao.min", c.Escalate(reason="同一处返修，需要协调楼上住户开门查管。", level="supervisor")),
        ],
    )
    heater = Story(
        "heater",
        [
            s(-8, "08:47", "zhao.min", call(home("A1"), "热水器进水角阀拧不动，旁边有点渗水。")),
            s(-8, "08:50", "zhao.min", repair("plumbing")),
            s(-8, "08:52", "zhao.min", c.Dispatch(assignee="qian.liang")),
            s(-8, "09:01", "qian.liang", c.Accept()),
            s(-8, "09:30", "qian.liang", c.Start()),
            s(-8, "10:04", "qian.liang", c.Complete(resolution="更换角阀一只，开关灵活，擦干后无渗漏。", parts=("角阀 DN15",))),
            s(-7, "09:52", "li.na", c.FollowUp(satisfied=True, rating=5, method=PHONE)),
            s(-2, "15:08", "li.na", c.Reopen(reason="住户来电，角阀与软管连接处又开始渗水。")),
            s(-2, "15:14", "li.na", c.Dispatch(assignee="qian.liang", appointment_at=t.at(-1, "09:30"))),
            s(-2, "15:40", "qian.liang", c.Accept()),
            s(-1, "09:31", "qian.liang", c.Start()),
            s(-1, "09:44", "qian.liang", c.Suspend(reason=SuspendReason.AWAITING_RESIDENT)),
            s(-1, "09:50", "zhao.min", c.Note(text="师傅到门口家里没人，已发短信，等住户回电再约。")),
        ],
    )
    return [socket, ceiling, heater]


def follow_ups(t: Days) -> list[Story]:
    """Follow-ups (回访): closed after three attempts on three days; another with two attempts so far."""
    s, home = t.step, t.residents.new
    curtain = Story(
        "curtain",
        [
            s(-6, "10:31", "li.na", call(home("A1"), "阳台窗帘杆一头掉下来了，膨胀螺丝带出一块墙皮。")),
            s(-6, "10:33", "li.na", repair("carpentry")),
            s(-6, "10:36", "li.na", c.Dispatch(assignee="jiang.tao")),
            s(-6, "10:45", "jiang.tao", c.Accept()),
            s(-6, "14:06", "jiang.tao", c.Start()),
            s(-6, "14:52", "jiang.tao", c.Complete(resolution="换位重新打孔，补好墙面，杆子能承重。", parts=("膨胀螺丝 M8",))),
            s(-5, "10:20", "zhao.min", c.AttemptFollowUp()),
            s(-4, "15:25", "li.na", c.AttemptFollowUp()),
            s(-3, "11:05", "zhao.min", c.AttemptFollowUp()),
            s(-3, "11:06", "zhao.min", c.CloseUnreached()),
        ],
    )
    lock = Story(
        "lock",
        [
            s(-4, "16:20", "li.na", call(home("A2"), "入户门锁舌卡住，要用力提着门才能反锁。")),
            s(-4, "16:22", "li.na", repair("door")),
            s(-4, "16:25", "li.na", c.Dispatch(assignee="jiang.tao", appointment_at=t.at(-3, "09:00"))),
            s(-4, "16:31", "jiang.tao", c.Accept()),
            s(-3, "08:58", "jiang.tao", c.Start()),
            s(-3, "09:35", "jiang.tao", c.Complete(resolution="调整门扇合页和锁扣板位置，上了石墨粉。")),
            s(-2, "10:47", "li.na", c.AttemptFollowUp()),
            s(-1, "16:35", "zhao.min", c.AttemptFollowUp()),
        ],
    )
    return [curtain, lock]


def by_the_rules(t: Days) -> list[Story]:
    """Declining (退单), reassigning (转单), reclassifying (改类), correcting (更正), and major works (大工程)."""
    s, home = t.step, t.residents.new
    breaker = Story(
        "breaker",
        [
            s(-1, "09:30", "zhao.min", call(home("A2"), "家里总闸推上去就跳，冰箱里的东西怕坏。", channel=Channel.WALK_IN)),
            s(-1, "09:33", "zhao.min", repair("electrical")),
            s(-1, "09:35", "zhao.min", c.Dispatch(assignee="jiang.tao")),
            s(-1, "09:48", "jiang.tao", c.Decline(reason="入户总闸属强电，须持电工证的同事处理。")),
            s(-1, "09:54", "zhao.min", c.Dispatch(assignee="qian.liang")),
            s(-1, "10:00", "qian.liang", c.Accept()),
            s(-1, "10:16", "qian.liang", c.Start()),
            s(-1, "10:40", "qian.liang", c.Suspend(reason=SuspendReason.AWAITING_STAFF)),
            s(-1, "10:52", "zhao.min", c.Reassign(assignee="zheng.gang")),
            s(-1, "10:58", "zheng.gang", c.Accept()),
            s(-1, "11:15", "zheng.gang", c.Start()),
            s(
                -1,
                "12:03",
                "zheng.gang",
                c.Complete(resolution="总闸进线端烧蚀，断电更换后逐路送电，负荷正常。", parts=("空气开关 2P 63A",)),
            ),
        ],
    )
    pressure = Story(
        "pressure",
        [
            s(-4, "11:04", "li.na", call(home("A1"), "想问问最近是不是在检修，家里水压特别小。")),
            s(-4, "11:06", "li.na", c.Classify(kind=Kind.ENQUIRY, category="water")),
            s(-4, "11:30", "li.na", c.Reclassify(kind=Kind.REPAIR, facility="private", category="plumbing")),
            s(-4, "11:33", "li.na", c.Dispatch(assignee="zheng.gang")),
            s(-4, "11:40", "zheng.gang", c.Accept()),
            s(-4, "13:48", "zheng.gang", c.Start()),
            s(-4, "14:25", "zheng.gang", c.Complete(resolution="表前过滤网积满铁锈，拆洗后水压恢复。")),
            s(
                -4,
                "16:02",
                "li.na",
                c.Correct(field="reporter.phone", value="13800137766", reason=CorrectionReason.REGISTER_ERROR),
            ),
            s(-3, "10:09", "zhao.min", c.FollowUp(satisfied=True, rating=5, method=PHONE)),
        ],
    )
    bathroom = Story(
        "bathroom",
        [
            s(-2, "09:06", "li.na", call(home("A1"), "楼下说我家卫生间漏到他家，要求物业来鉴定一下。")),
            s(-2, "09:10", "li.na", repair("waterproofing")),
            s(-2, "09:13", "li.na", c.Dispatch(assignee="jiang.tao", appointment_at=t.at(-2, "10:30"))),
            s(-2, "09:22", "jiang.tao", c.Accept()),
            s(-2, "10:32", "jiang.tao", c.Start()),
            s(-2, "11:40", "jiang.tao", c.Note(text="闭水试验水位下降两公分，判断防水层失效，须砸砖重做。")),
            Step(
                t.latest("09:40", "16:10"),
                "zhao.min",
                c.ApproveMajorWorks(agreed_due_at=t.at(9, "18:00"), reason="重做卫生间防水并养护，住户同意九天后完工。"),
            ),
        ],
    )
    balcony = Story(
        "balcony",
        [
            s(-4, "08:50", "li.na", call(home("A2"), "阳台地漏周围瓷砖空鼓，踩着响，下雨往屋里返水。")),
            s(-4, "08:54", "li.na", repair("waterproofing")),
            s(-4, "08:57", "li.na", c.Dispatch(assignee="jiang.tao", appointment_at=t.at(-4, "10:00"))),
            s(-4, "09:10", "jiang.tao", c.Accept()),
            s(-4, "10:03", "jiang.tao", c.Start()),
            s(
                -4,
                "10:55",
                "chen.ping",
                c.ApproveMajorWorks(agreed_due_at=t.at(6, "18:00"), reason="阳台需整体起砖找坡，材料与工期已同住户谈妥。"),
            ),
            s(-4, "14:40", "liu.jianhua", Approve()),
            s(-3, "09:12", "jiang.tao", c.Note(text="旧砖已清完，今天开始找坡，明后天做防水。")),
        ],
    )
    return [breaker, pressure, bathroom, balcony]


TELLINGS = (paid_services, rework, follow_ups, by_the_rules)
