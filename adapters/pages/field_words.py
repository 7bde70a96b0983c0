"""Names of form fields and what is wrong with them, in words: a refusal names fields by a pointer and speaks English."""

import re
from collections.abc import Mapping, Sequence

FIELD_WORDS: Mapping[str, tuple[str, str]] = {
    "agreed_due_at": ("约定完成时间", "Agreed date"),
    "appointment_at": ("预约时间", "Appointment"),
    "area": ("责任区", "Area"),
    "at": ("时刻", "Moment"),
    "assignee": ("派给", "Assignee"),
    "building": ("楼栋", "Building"),
    "category": ("类别", "Category"),
    "channel": ("来源", "Channel"),
    "code": ("代码", "Code"),
    "comment": ("意见", "Comment"),
    "community": ("小区", "Community"),
    "complained_of": ("被投诉人", "Complained of"),
    "days": ("天数", "Days"),
    "defects": ("缺陷", "Defects"),
    "department": ("部门", "Department"),
    "description": ("内容", "Description"),
    "due_at": ("期限", "Deadline"),
    "duplicate_of": ("重复的工单", "Duplicate of"),
    "dwelling": ("房号", "Dwelling"),
    "entrance": ("单元", "Entrance"),
    "evidence": ("凭据", "Evidence"),
    "facility": ("维修部位", "Facility"),
    "fault": ("责任", "Fault"),
    "field": ("项目", "Field"),
    "file": ("文件", "File"),
    "from": ("起始日", "First day"),
    "item": ("清单项", "Item"),
    "key": ("表单", "The form"),
    "kind": ("类型", "Kind"),
    "known_at": ("记录时刻", "Known at"),
    "level": ("上报级别", "Level"),
    "lines": ("收费项目", "Services"),
    "location": ("地点", "Location"),
    "login": ("登录名", "Login"),
    "message": ("内容", "Message"),
    "method": ("方式", "Method"),
    "name": ("姓名", "Name"),
    "occurred_at": ("发生时间", "When it happened"),
    "outcome": ("结果", "Outcome"),
    "parts": ("用料", "Parts"),
    "password": ("口令", "Password"),
    "phone": ("电话", "Phone"),
    "public_place": ("公共部位", "Public place"),
    "quantity": ("数量", "Quantity"),
    "rating": ("评分", "Rating"),
    "reason": ("原因", "Reason"),
    "reasonable": ("是否有理", "Reasonable"),
    "receipt": ("票据号", "Receipt"),
    "relation": ("关系", "Relation"),
    "reporter": ("报事人", "Reporter"),
    "resolution": ("处理结果", "Resolution"),
    "role": ("岗位", "Role"),
    "satisfied": ("是否满意", "Satisfied"),
    "scorecard_item": ("考评项", "Scorecard item"),
    "settings": ("参数", "Settings"),
    "severity": ("程度", "Severity"),
    "text": ("内容", "Text"),
    "ticket": ("工单", "Ticket"),
    "timezone": ("时区", "Time zone"),
    "to": ("截止日", "Last day"),
    "told_resident": ("已告知住户", "Resident told"),
    "urgency": ("缓急", "Urgency"),
    "value": ("更正为", "New value"),
    "what": ("整改内容", "What to put right"),
}
"""A field's name → its words, Chinese and English."""

MESSAGES: Sequence[tuple[str, str]] = (
    (r"Field required", "必填"),
    (r"Input should be a valid .*|Input should be .*", "请从给出的选项里选择"),
    (r"String should have at least (\d+) characters?", r"至少 \1 个字"),
    (r"String should have at most (\d+) characters?", r"最多 \1 个字"),
    (r"String should match pattern .*", "写法不对"),
    (r"(?:List|Tuple) should have at least (\d+) items?.*", r"至少 \1 项"),
    (r"(?:List|Tuple) should have at most (\d+) items?.*", r"最多 \1 项"),
    (r"Value error, control characters are not allowed", "不能含控制字符"),
    (r"Value error, must not be empty", "必填"),
    (r"Value error, direction marks are not allowed here", "不能含不可见的方向符"),
    (r"Value error, lies outside the years 1970 to 2199", "不在 1970 至 2199 年之间"),
    (r"Value error, no control characters, no white space at either end", "首尾不能有空格，不能含控制字符"),
    (r"a location or a contact is needed", "地点和联系方式至少填一项"),
    (r"name or phone", "姓名或电话"),
    (r"either a dwelling or a public place, not both.*", "户内与公共部位只能填一处"),
    (r"a repair needs one of .*", "报修须选维修部位"),
    (r"only a repair has a facility, not .*", "只有报修才选维修部位"),
    (r"the ticket is classified so already", "已经是这个类型"),
    (r"the work order is theirs already", "此单已在其名下"),
    (r"lies before the moment it was agreed, .*", "早于约定之时"),
    (r"a satisfied resident's verdict needs a rating of 1 to 5", "住户满意时须评 1 至 5 分"),
    (r"an attempt is made by phone or visit", "未遇只记电话或上门"),
    (r"names the other ticket where the reason is duplicate, and only there", "只有因重复而取消才填另一张工单"),
    (r"no such ticket in this community", "本小区没有这张工单"),
    (r"names the ticket itself", "不能是这张工单自己"),
    (r"name a level or a department, one of them", "级别与部门任填一项"),
    (r"how it was paid, such as .*", "须填收费方式"),
    (r"a waived charge has neither method nor receipt", "减免不填方式和票据"),
    (r"lies in the future; now is .*", "晚于现在"),
    (r"lies before the ticket's previous event.*", "早于此单上一步的发生时间"),
    (r"the deadline lies after the order", "期限须晚于下达之时"),
    (r"the agreed date lies ahead", "约定时间须在以后"),
    (r"a reasonable complaint needs it", "有理投诉须填"),
    (r"is linked so already", "已经这样关联"),
    (r"is the present value", "与现在的值相同"),
    (r"there is no resolution yet", "尚无处理结果"),
    (r".*can't be cleared", "不能清空"),
    (r"not on the checklist of .*", "不在清单内"),
    (r"nobody of that login carries work orders in .*", "此人在本小区不接维修工作单"),
    (r"nobody of that login works in this community", "本小区没有此人"),
    (r"no such team; .*", "没有这个班组"),
    (r"no such contractor; .*", "没有这个外包单位"),
    (r"no such area.*", "没有这个责任区"),
    (r"no such service in price list .*", "价目表里没有这一项"),
    (r"not a well-formed .*", "写法不对"),
    (r"the form has no key; load the page again", "缺少编号，请重新打开页面"),
    (r"the file is empty", "文件是空的"),
    (r"a part named file is needed", "请选择文件"),
    (r".*; allowed are .*", "不收这种文件；可传图片、录像、录音、PDF 和纯文本"),
    (r"lies before the first day", "早于起始日"),
    (r"ends on (\S+) already; .*", r"已定于 \1 结束，只能提前；要延长请重新授予"),
    (r"company-wide roles: .*", "这个岗位不能在全公司授予"),
    (r"an area belongs to one community", "全公司的岗位不分责任区"),
    (r"not a time zone of the IANA database, .*", "没有这个时区"),
    (r"no such setting; known: .*", "没有这个参数"),
    (r"is looked up by the service desk, .*", "住户由服务台从名册查出"),
    (r"can be corrected: .*", "这一项不能更正"),
    (r"defects are found at the inspection of a flat .*", "只有入伙验房才记缺陷"),
    (r"only an inspection names the scorecard item concerned", "只有巡检整改才填考评项"),
    (r"stands for every community", "这个代码代表所有小区"),
    (r"wrong login or password", "登录名或口令不对"),
)
"""What refusals say in English → Chinese."""

_COMPILED = [(re.compile(pattern, re.DOTALL), said) for pattern, said in MESSAGES]


def field_words(pointer: str, language: str) -> str:
    """The name of the field that a pointer leads to; nothing for one without a name."""
    for part in reversed(pointer.split("/")):
        if part in FIELD_WORDS:
            return FIELD_WORDS[part][language == "en"]
    return ""


def message_words(message: str, language: str) -> str:
    """What is wrong, in a language; what has no Chinese yet is said in English."""
    if language == "en":
        plain = message.removeprefix("Value error, ")
        return plain[:1].upper() + plain[1:]
    for pattern, said in _COMPILED:
        if pattern.fullmatch(message):
            return pattern.sub(said, message)
    return message
