"""Stories of renovations (装修申请), move-ins (入伙) and inspections (巡检整改)."""

from adapters.demo.story import AttachText, Days, Step, Story, call, public
from domain.kernel.terms import AssigneeType, Channel, FollowUpMethod, Kind
from domain.ticket import commands as c

PHONE, VISIT = FollowUpMethod.PHONE, FollowUpMethod.VISIT
PLEDGE = """装修承诺书
一、不改动承重墙、梁、柱及燃气管道。
二、中午十二时至十四时三十分及晚间不使用电动工具。
三、装修垃圾袋装，当日清运到指定地点。
四、违反以上各条，愿按管理规约限期整改。
"""


def _checked(t: Days, who: str, items: list[tuple[int, str, str, str]]) -> list[Step]:
    return [t.step(day, clock, who, c.CheckItem(item=item, evidence=evidence)) for day, clock, item, evidence in items]


def renovations(t: Days) -> list[Story]:
    """Renovations (装修): complete, with a rectification order kept; awaiting the deposit; with an overdue order (D2 13, 14)."""
    s, home = t.step, t.residents.new
    whole = Story(
        "renovation",
        [
            s(
                -10,
                "09:31",
                "li.na",
                call(home("A1"), "申请改造卫生间：换洁具、贴砖、吊顶，工期约八天。", channel=Channel.WALK_IN),
            ),
            s(-10, "09:34", "li.na", c.Classify(kind=Kind.RENOVATION, category="bathroom")),
            *_checked(
                t,
                "li.na",
                [
                    (-10, "09:41", "application", "装修申请表两份，业主与施工方均已签字。"),
                    (-10, "09:44", "drawings", "卫生间平面图、给排水图各一张。"),
                    (-10, "10:20", "deposit", "押金三千元，收据号 YJ-0117。"),
                    (-9, "10:02", "commitment_letter", "承诺书已签，施工人员六名登记照片。"),
                    (-9, "11:10", "permit_issued", "施工许可证张贴在入户门。"),
                ],
            ),
            s(-9, "11:14", "li.na", AttachText("装修承诺书.txt", PLEDGE)),
            s(-9, "11:16", "li.na", c.Dispatch(assignee="zhou.jie")),
            s(-9, "11:30", "zhou.jie", c.Accept()),
            s(-8, "14:03", "zhou.jie", c.Start()),
            s(
                -6,
                "10:52",
                "chen.ping",
                c.OrderRectification(what="沙袋堆在走廊消防箱前，影响取用，须移走并恢复原状。", due_at=t.at(-4, "18:00")),
            ),
            s(-5, "16:10", "chen.ping", c.ConfirmRectification()),
            *_checked(
                t,
                "zhou.jie",
                [
                    (-2, "10:01", "accepted", "闭水四十八小时无渗漏，未动承重结构。"),
                    (-2, "11:02", "deposit_settled", "扣清运费二百元，余款已退回原卡。"),
                ],
            ),
            s(-2, "11:20", "zhou.jie", c.Complete(resolution="与业主一同验收，无遗留问题，出入证与钥匙已收回。")),
            s(-1, "10:33", "li.na", c.FollowUp(satisfied=True, rating=4, method=PHONE)),
        ],
    )
    waiting = Story(
        "renovation_waiting",
        [
            s(-3, "14:20", "zhao.min", call(home("A2"), "新房整装，想赶在下月底前入住，先来交资料。", channel=Channel.WALK_IN)),
            s(-3, "14:24", "zhao.min", c.Classify(kind=Kind.RENOVATION, category="whole_flat")),
            *_checked(
                t,
                "zhao.min",
                [
                    (-3, "14:33", "application", "申请表、产权证复印件、装修公司营业执照。"),
                    (-3, "14:40", "drawings", "全套施工图十四张，已注明不动承重墙。"),
                ],
            ),
            s(-3, "14:44", "zhao.min", c.Note(text="业主称押金明后天转账，到账后继续办理。")),
        ],
    )
    overdue = Story(
        "renovation_overdue",
        [
            s(-9, "13:35", "zhao.min", call(home("A2"), "阳台和客厅翻新，铺木地板、做柜子。", channel=Channel.WALK_IN)),
            s(-9, "13:38", "zhao.min", c.Classify(kind=Kind.RENOVATION, category="living_room")),
            *_checked(
                t,
                "zhao.min",
                [
                    (-9, "13:46", "application", "业主本人到场签申请。"),
                    (-9, "13:49", "drawings", "柜体图、地面铺装图。"),
                    (-8, "09:15", "deposit", "微信转押金二千元，截图存档。"),
                    (-8, "09:22", "commitment_letter", "已逐条讲解后签名。"),
                    (-7, "10:05", "permit_issued", "许可证有效期二十天。"),
                ],
            ),
            s(-7, "10:08", "zhao.min", c.Dispatch(assignee="wu.fang")),
            s(-7, "10:30", "wu.fang", c.Accept()),
            s(-6, "15:02", "wu.fang", c.Start()),
            s(
                -5,
                "11:25",
                "chen.ping",
                c.OrderRectification(what="擅自拆除阳台栏板改落地窗，立即停工，恢复栏板。", due_at=t.at(-2, "17:00")),
            ),
            s(-1, "09:15", "chen.ping", c.Urge(message="整改期限已过，请管家今天再次上门送达通知并拍照。")),
        ],
    )
    return [whole, waiting, overdue]


def move_ins(t: Days) -> list[Story]:
    """Move-ins (入伙): a flat with two defects, each a repair ticket; one under way."""
    s, home = t.step, t.residents.new
    move = Story(
        "move_in",
        [
            s(-5, "09:05", "wu.fang", call(home("A2"), "今天收楼，一家三口都来了，请安排验房。", channel=Channel.WALK_IN)),
            s(-5, "09:07", "wu.fang", c.Classify(kind=Kind.MOVE_IN)),
            s(-5, "09:08", "wu.fang", c.Dispatch(assignee="wu.fang")),
            s(-5, "09:09", "wu.fang", c.Accept()),
            s(-5, "09:12", "wu.fang", c.Start()),
            *_checked(
                t,
                "wu.fang",
                [
                    (-5, "09:18", "identity_checked", "身份证与购房合同一致。"),
                    (-5, "09:36", "documents_signed", "管理规约、住户手册签收。"),
                    (-5, "09:45", "keys_handed_over", "大门钥匙五把、信箱钥匙两把，锁匙交收单双方签字。"),
                    (-5, "10:02", "meters_read", "水表 3 立方，电表 12 度，燃气未开通。"),
                ],
            ),
            s(
                -5,
                "10:48",
                "wu.fang",
                c.CheckItem(
                    item="flat_inspected",
                    evidence="逐间验房，记录缺陷两处。",
                    defects=("主卧飘窗锁扣合不严，推拉时卡顿。", "厨房地漏返味，倒水后下得慢。"),
                ),
            ),
            s(-5, "11:05", "wu.fang", c.Complete(resolution="入伙手续办结，缺陷另开工单跟进。")),
            s(-4, "14:03", "li.na", c.FollowUp(satisfied=True, rating=5, method=PHONE, comment="手续很快，讲解也仔细。")),
        ],
    )
    window = Story(
        "window",
        [
            s(-5, "14:00", "wu.fang", c.Dispatch(assignee="jiang.tao", appointment_at=t.at(-4, "15:30"))),
            s(-5, "15:20", "jiang.tao", c.Accept()),
            s(-4, "15:29", "jiang.tao", c.Start()),
            s(-4, "16:02", "jiang.tao", c.Complete(resolution="调整窗扇滑轮高度，更换锁扣一副。", parts=("月牙锁",))),
            s(-3, "16:20", "wu.fang", c.FollowUp(satisfied=True, rating=5, method=VISIT)),
        ],
        of=("move_in", 0),
    )
    half = Story(
        "move_in_half",
        [
            s(-1, "14:26", "wu.fang", call(home("A2"), "二手房过户后来办入住，钥匙由中介转交。", channel=Channel.WALK_IN)),
            s(-1, "14:28", "wu.fang", c.Classify(kind=Kind.MOVE_IN)),
            s(-1, "14:29", "wu.fang", c.Dispatch(assignee="wu.fang")),
            s(-1, "14:30", "wu.fang", c.Accept()),
            s(-1, "14:31", "wu.fang", c.Start()),
            *_checked(
                t,
                "wu.fang",
                [
                    (-1, "14:40", "identity_checked", "不动产权证已核原件。"),
                    (-1, "14:58", "documents_signed", "签收住户手册，登记车辆一台。"),
                ],
            ),
            s(-1, "15:05", "wu.fang", c.Suspend(reason="awaiting_resident")),
            s(-1, "15:06", "wu.fang", c.Note(text="中介钥匙少一把，业主明天带来再继续验房。")),
        ],
    )
    return [move, window, half]


def inspections(t: Days) -> list[Story]:
    """Inspections (巡检整改) by the company's inspector: one rectified in time by a contractor, one under way."""
    s = t.step
    greening = c.AssigneeRef(type=AssigneeType.CONTRACTOR, id="greening")
    drains = Story(
        "drains",
        [
            s(
                -7,
                "10:06",
                "xu.hui",
                public("A2", "5–6 栋之间雨水井", "公司巡检：三处雨水井盖板缺失，井内积满落叶。", channel=Channel.INSPECTION),
            ),
            s(-7, "10:30", "chen.ping", c.Classify(kind=Kind.INSPECTION, category="drains")),
            s(
                -7,
                "10:34",
                "xu.hui",
                c.OrderRectification(what="清掏井内落叶，补齐三块盖板。", due_at=t.at(-4, "18:00"), scorecard_item="32"),
            ),
            s(-7, "10:52", "chen.ping", c.Dispatch(assignee=greening)),
            s(-7, "11:20", "chen.ping", c.Accept()),
            s(-6, "09:02", "chen.ping", c.Start()),
            s(-5, "11:30", "chen.ping", c.Complete(resolution="清掏完成，补装复合材料盖板三块。", parts=("雨水井盖板",))),
            s(-4, "10:40", "xu.hui", c.ConfirmRectification()),
            s(-4, "10:58", "li.na", c.FollowUp(satisfied=True, rating=4, method=VISIT)),
        ],
    )
    corridor = Story(
        "corridor",
        [
            s(
                -2,
                "10:25",
                "xu.hui",
                public(
                    "A1", "1 栋消防通道", "公司巡检：通道内停放电动车四辆，堆有纸箱。", channel=Channel.INSPECTION, building="1"
                ),
            ),
            s(-2, "10:40", "chen.ping", c.Classify(kind=Kind.INSPECTION, category="fire_safety")),
            s(
                -2,
                "10:43",
                "xu.hui",
                c.OrderRectification(what="清空消防通道，设置禁停标识。", due_at=t.at(2, "18:00"), scorecard_item="15"),
            ),
            s(-2, "10:55", "chen.ping", c.Dispatch(assignee="gao.peng")),
            s(-2, "11:02", "gao.peng", c.Accept()),
            s(-1, "09:40", "gao.peng", c.Start()),
            s(-1, "09:55", "gao.peng", c.Note(text="已联系三位车主移车，剩一辆无主，贴条七十二小时后清理。")),
        ],
    )
    return [drains, corridor]


TELLINGS = (renovations, move_ins, inspections)
