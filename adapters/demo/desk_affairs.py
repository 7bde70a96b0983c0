"""Stories of complaints (投诉), assistance (求助), enquiries (咨询), visits (走访) and others (其他)."""

from adapters.demo.staff import COMMUNITY
from adapters.demo.story import Days, Story, call, public
from domain.kernel.terms import (
    CancelReason,
    Channel,
    ComplaintFault,
    ComplaintSeverity,
    EscalationLevel,
    Facility,
    FollowUpMethod,
    Kind,
    LinkRelation,
    Urgency,
)
from domain.ticket import commands as c

PHONE, VISIT, ON_THE_SPOT = FollowUpMethod.PHONE, FollowUpMethod.VISIT, FollowUpMethod.ON_THE_SPOT


def complaints(t: Days) -> list[Story]:
    """Complaints (投诉): judged and followed up; one to the company about a guard; one open; one found unreasonable."""
    s, home = t.step, t.residents.new
    noise = Story(
        "noise",
        [
            s(-8, "12:38", "zhao.min", call(home("A1"), "楼上中午一直在打电钻，孩子没法午睡，这时间不是不许施工吗？")),
            s(-8, "12:41", "zhao.min", c.Classify(kind=Kind.COMPLAINT, category="noise")),
            s(-8, "12:44", "zhao.min", c.Reply(message="安护马上上楼制止，午休时段不允许动电动工具。")),
            s(-8, "12:45", "zhao.min", c.Dispatch(assignee="tian.yong")),
            s(-8, "12:47", "tian.yong", c.Accept()),
            s(-8, "12:55", "tian.yong", c.Start()),
            s(-8, "13:12", "tian.yong", c.Complete(resolution="施工队已停工，收走当日施工证，下午两点半后再领。")),
            s(
                -7,
                "09:34",
                "chen.ping",
                c.JudgeComplaint(reasonable=True, severity=ComplaintSeverity.MINOR, fault=ComplaintFault.THIRD_PARTY),
            ),
            s(-7, "10:41", "li.na", c.FollowUp(satisfied=True, rating=4, method=PHONE)),
        ],
    )
    guard = Story(
        "guard",
        [
            s(
                -6,
                "10:16",
                "xu.hui",
                call(
                    home("A2"),
                    "来信反映东门岗亭的保安态度生硬，帮老人拿快递时还推搡了一下。",
                    channel=Channel.COMPANY,
                    complained_of=("tian.yong",),
                ),
            ),
            s(-6, "11:02", "chen.ping", c.Classify(kind=Kind.COMPLAINT, category="staff")),
            s(
                -6,
                "11:05",
                "chen.ping",
                c.Escalate(reason="公司转来的投诉，涉及员工，报主任知悉。", level=EscalationLevel.DIRECTOR),
            ),
            s(-6, "14:10", "chen.ping", c.Reply(message="我们正在调看监控，明天上午主管登门向您说明。")),
            s(-5, "10:30", "chen.ping", c.Settle(resolution="当面致歉，该员工补训服务礼仪并调离东门，住户表示接受。")),
            s(
                -5,
                "15:42",
                "xu.hui",
                c.JudgeComplaint(
                    reasonable=True,
                    severity=ComplaintSeverity.MINOR,
                    fault=ComplaintFault.OFFICE,
                    complained_of=("tian.yong",),
                ),
            ),
            s(-4, "10:15", "li.na", c.FollowUp(satisfied=True, rating=3, method=PHONE, comment="道歉收到了，看以后怎么做。")),
        ],
    )
    parking = Story(
        "parking",
        [
            s(
                -2,
                "15:33",
                "li.na",
                call(home("A2"), "书面投诉：车位线重新划过以后变窄，左右车门都开不了，联名十一户。", channel=Channel.WRITTEN),
            ),
            s(-2, "15:37", "li.na", c.Classify(kind=Kind.COMPLAINT, category="parking")),
            s(-2, "16:20", "li.na", c.Reply(message="信已收到并登记，主管会同工程部复测车位，三天内书面回复。")),
            s(
                -1,
                "10:41",
                "zhao.min",
                c.Escalate(reason="联名投诉，涉及划线施工验收，请主任定方案。", level=EscalationLevel.DIRECTOR),
            ),
        ],
    )
    cleaning = Story(
        "cleaning",
        [
            s(-3, "08:49", "zhao.min", call(home("A1"), "保洁没拖我们这层，我今天早上看见地上还有一片叶子。")),
            s(-3, "08:52", "zhao.min", c.Classify(kind=Kind.COMPLAINT, category="cleaning")),
            s(-3, "08:58", "zhao.min", c.Reply(message="保洁每天九点前拖到您那一层，稍后请周管家上楼看一下。")),
            s(-3, "09:47", "zhou.jie", c.Settle(resolution="上楼查看，地面干净，落叶系风吹入，已随手清走并向住户说明。")),
            s(-2, "09:30", "chen.ping", c.JudgeComplaint(reasonable=False)),
        ],
    )
    return [noise, guard, parking, cleaning]


def assistance(t: Days) -> list[Story]:
    """Assistance (求助): a resident locked out at night, a wheelchair, and a request under way."""
    s, home = t.step, t.residents.new
    locked = Story(
        "locked_out",
        [
            s(-7, "19:12", "sun.wei", call(home("A2"), "钥匙锁在屋里了，灶上还炖着汤，怎么办？", urgency=Urgency.EMERGENCY)),
            s(-7, "19:13", "sun.wei", c.Classify(kind=Kind.ASSISTANCE, category="locked_out")),
            s(-7, "19:50", "sun.wei", c.Settle(resolution="联系备案开锁公司，安护在场核对身份后开门，灶火已关。")),
            s(-6, "09:31", "li.na", c.FollowUp(satisfied=True, rating=5, method=PHONE)),
        ],
    )
    wheelchair = Story(
        "wheelchair",
        [
            s(-3, "10:24", "zhao.min", call(home("A1"), "老父亲出院回来，坡道口轮椅上不去，能不能来个人搭把手？")),
            s(-3, "10:25", "zhao.min", c.Classify(kind=Kind.ASSISTANCE, category="elderly")),
            s(-3, "10:26", "zhao.min", c.Dispatch(assignee="gao.peng")),
            s(-3, "10:28", "gao.peng", c.Accept()),
            s(-3, "10:33", "gao.peng", c.Start()),
            s(-3, "10:48", "gao.peng", c.Complete(resolution="两人把轮椅抬上坡道，送老人到家门口。")),
            s(-3, "15:06", "chen.ping", c.FollowUp(satisfied=True, rating=5, method=PHONE, comment="老人家特意让转达谢意。")),
        ],
    )
    parcel = Story(
        "stroller",
        [
            s(-1, "11:40", "zhao.min", call(home("A2"), "婴儿车卡在地下室电梯门槛的缝里，拔不出来。")),
            s(-1, "11:41", "zhao.min", c.Classify(kind=Kind.ASSISTANCE, category="helping_hand")),
            s(-1, "11:42", "zhao.min", c.Dispatch(assignee="tian.yong")),
            s(-1, "11:44", "tian.yong", c.Accept()),
            s(-1, "11:50", "tian.yong", c.Start()),
            s(-1, "11:57", "tian.yong", c.Complete(resolution="用木板垫平门槛取出车轮，车没有损坏。")),
        ],
    )
    return [locked, wheelchair, parcel]


def enquiries(t: Days) -> list[Story]:
    """Enquiries (咨询): settled at the desk, followed up on the spot."""
    s, home = t.step, t.residents.new
    fees = Story(
        "fees",
        [
            s(-6, "11:10", "li.na", call(home("A1"), "想换银行卡代扣物业费，需要带什么材料？", channel=Channel.WALK_IN)),
            s(-6, "11:11", "li.na", c.Classify(kind=Kind.ENQUIRY, category="fees")),
            s(-6, "11:18", "li.na", c.Settle(resolution="告知带身份证与新卡，当场填好委托代扣协议，下月生效。")),
            s(-6, "11:19", "li.na", c.FollowUp(satisfied=True, rating=5, method=ON_THE_SPOT)),
        ],
    )
    charging = Story(
        "charging",
        [
            s(-2, "11:21", "zhao.min", call(home("A2"), "买了电动车，地下车库装充电桩要走什么手续？", channel=Channel.WALK_IN)),
            s(-2, "11:22", "zhao.min", c.Classify(kind=Kind.ENQUIRY, category="parking")),
            s(-2, "11:34", "zhao.min", c.Settle(resolution="说明须供电部门报装并提交车位证明，发了办理清单。")),
            s(-2, "11:35", "zhao.min", c.FollowUp(satisfied=True, rating=4, method=ON_THE_SPOT)),
        ],
    )
    permit = Story(
        "permit",
        [
            s(0, "09:21", "li.na", call(home("A1"), "外地亲戚要来住半年，临时住户证怎么办？", channel=Channel.WALK_IN)),
            s(0, "09:22", "li.na", c.Classify(kind=Kind.ENQUIRY, category="permit")),
            s(0, "09:30", "li.na", c.Settle(resolution="收下申请表与复印件，两个工作日后凭回执领证。")),
            s(0, "09:31", "li.na", c.FollowUp(satisfied=True, rating=5, method=ON_THE_SPOT)),
        ],
    )
    return [fees, charging, permit]


def visits(t: Days) -> list[Story]:
    """Visits (走访征询) by the butlers; a matter raised becomes a ticket of its own."""
    s, home = t.step, t.residents.new
    visit = Story(
        "visit",
        [
            s(
                -4,
                "16:05",
                "zhou.jie",
                call(home("A1"), "上门征询：希望楼下增设晾衣杆，另外楼梯扶手松了。", channel=Channel.BUTLER),
            ),
            s(-4, "16:06", "zhou.jie", c.Classify(kind=Kind.VISIT, category="opinion")),
            s(-4, "16:20", "zhou.jie", c.Settle(resolution="晾衣杆建议记入本月征询汇总，扶手另开报修。")),
            s(-4, "16:21", "zhou.jie", c.FollowUp(satisfied=True, rating=5, method=ON_THE_SPOT)),
        ],
    )
    handrail = Story(
        "handrail",
        [
            s(
                -4,
                "16:28",
                "zhou.jie",
                public("A1", "3 单元楼梯间", "三楼到四楼的扶手立柱松动，一晃就响。", channel=Channel.BUTLER, building="4"),
            ),
            s(
                -4,
                "16:30",
                "zhou.jie",
                c.Classify(kind=Kind.REPAIR, facility=Facility.PUBLIC_MINOR, category="carpentry"),
            ),
            s(-4, "16:31", "zhou.jie", c.LinkTicket(ticket="visit", relation=LinkRelation.FOLLOWS_FROM)),
            s(-4, "16:35", "zhou.jie", c.Dispatch(assignee="jiang.tao")),
            s(-4, "16:50", "jiang.tao", c.Accept()),
            s(-3, "14:05", "jiang.tao", c.Start()),
            s(-3, "14:46", "jiang.tao", c.Complete(resolution="立柱底座重新植筋固定，打磨毛刺。", parts=("膨胀螺栓 M10",))),
            s(-2, "14:32", "zhou.jie", c.FollowUp(satisfied=True, rating=5, method=VISIT)),
        ],
    )
    elders = Story(
        "elders",
        [
            s(-1, "16:40", "wu.fang", call(home("A2"), "走访独居老人：燃气灶旧了，子女想请物业留意。", channel=Channel.BUTLER)),
            s(-1, "16:41", "wu.fang", c.Classify(kind=Kind.VISIT, category="care")),
            s(-1, "17:05", "wu.fang", c.Settle(resolution="检查燃气软管在有效期内，约好每周电话问候一次。")),
        ],
    )
    return [visit, handrail, elders]


def others(t: Days) -> list[Story]:
    """Others (其他): lost property, and a call without a request."""
    s, home = t.step, t.residents.new
    keys = Story(
        "lost_keys",
        [
            s(
                -2,
                "12:24",
                "li.na",
                call(home("A1"), "在儿童乐园滑梯下捡到一串钥匙，有个蓝色小熊挂件，交到前台。", channel=Channel.WALK_IN),
            ),
            s(-2, "12:26", "li.na", c.Classify(kind=Kind.OTHER, category="lost_and_found")),
            s(-2, "12:52", "li.na", c.Settle(resolution="业主群发布认领信息，失主凭挂件照片当面领走。")),
            s(-2, "12:53", "li.na", c.FollowUp(satisfied=True, rating=5, method=ON_THE_SPOT)),
        ],
    )
    wrong = Story(
        "wrong_number",
        [
            s(
                -5,
                "16:44",
                "zhao.min",
                c.Receive(
                    community=COMMUNITY,
                    channel=Channel.PHONE,
                    description="来电询问快餐外卖能不能送到，登记后发现是打错电话。",
                    reporter=c.Reporter(phone="02088880145"),
                ),
            ),
            s(-5, "16:45", "zhao.min", c.Classify(kind=Kind.OTHER)),
            s(-5, "16:47", "zhao.min", c.Cancel(reason=CancelReason.INVALID)),
        ],
    )
    banner = Story(
        "banner",
        [
            s(
                -1,
                "15:50",
                "zhao.min",
                call(home("A2"), "想借活动室周六下午办孩子的生日会，请问怎么登记？", channel=Channel.WALK_IN),
            ),
            s(-1, "15:52", "zhao.min", c.Classify(kind=Kind.OTHER, category="rooms")),
            s(-1, "15:58", "zhao.min", c.Note(text="活动室周六上午有老年合唱队排练，等队长回话再答复。")),
        ],
    )
    return [keys, wrong, banner]


TELLINGS = (complaints, assistance, enquiries, visits, others)
