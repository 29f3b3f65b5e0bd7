"""The report fields of 民政 (C.4)."""

from dataclasses import dataclass
from typing import Annotated

from shaodao.plugin import Meta, Term


class Assistance(Term):
    """救助类型"""

    SUBSISTENCE = "SUBSISTENCE", "最低生活保障"
    EXTREME_POVERTY = "EXTREME_POVERTY", "特困人员供养"
    TEMPORARY = "TEMPORARY", "临时救助"
    CHILD = "CHILD", "儿童生活保障"
    ELDERLY = "ELDERLY", "老年人照护"
    DISABILITY = "DISABILITY", "残疾人两项补贴"
    OTHER = "OTHER", "其他帮扶"


@dataclass(frozen=True, kw_only=True)
class AssistanceForm:
    """民政帮扶反馈"""

    assistance: Annotated[Assistance, Meta(title="救助类型")]
    subject_number: Annotated[str, Meta(title="对象编号", min_length=1, max_length=50)]
    help_given: Annotated[str, Meta(title="帮扶措施", min_length=1, max_length=500)]
    temporary: Annotated[bool, Meta(title="是否临时救助")]
