"""Rows of cases 诉求 as a table tells them: registered by the same rules as any other case (C.3)."""

from functools import partial
from typing import Any

from shaodao.commands.registration import CaseInput
from shaodao.commands.reporters import ReporterInput
from shaodao.domain.vocabulary import CaseKind, CaseVisibility, Channel, Urgency
from shaodao.imports.cells import code_of, compact_of, flag_of, moment_of, phone_of, term_of, text_of
from shaodao.imports.columns import Column, Columns
from shaodao.imports.reading import RowReader

_CHANNELS = (
    ("12345", Channel.HOTLINE_12345),
    ("电话", Channel.HOTLINE),
    ("微信", Channel.WECHAT),
    ("窗口", Channel.SERVICE_WINDOW),
)


def case_columns() -> Columns:
    """The columns of a table of cases."""
    return Columns(
        (
            Column("title", ("标题", "诉求标题", "事件名称"), required=True),
            Column("description", ("内容", "诉求内容", "事件描述", "描述"), required=True),
            Column("kind", ("类型", "诉求类型", "事件类型"), required=True),
            Column("channel", ("渠道", "来源渠道", "诉求来源"), required=True),
            Column("category_code", ("分类编码", "诉求分类编码", "类别编码")),
            Column("urgency", ("紧急程度", "轻重缓急")),
            Column("grid_code", ("网格编码", "网格代码", "网格编号")),
            Column("division_code", ("区划代码", "社区代码", "街道代码")),
            Column("address", ("地址", "发生地址", "地点")),
            Column("occurred_at", ("发生时间", "发生日期")),
            Column("reporter_name", ("诉求人", "诉求人姓名", "反映人", "联系人")),
            Column("reporter_phone", ("诉求人电话", "联系电话", "电话", "手机号码")),
            Column("reporter_anonymous", ("匿名", "是否匿名")),
            Column("reporter_confidential", ("保密", "是否保密")),
            Column("visibility", ("可见范围", "知悉范围")),
            Column("source_reference", ("来源编号", "工单编号", "工单号")),
        )
    )


def read_case(reader: RowReader) -> CaseInput | None:
    """The case of a row; None, with the faults noted, where a cell cannot be read. Without a class it is GENERAL."""
    title = reader.required("title", text_of)
    description = reader.required("description", text_of)
    kind = reader.required("kind", partial(term_of, terms=CaseKind))
    channel = reader.required("channel", partial(term_of, terms=Channel, aliases=_CHANNELS))
    rest: dict[str, Any] = {
        "urgency": reader.optional("urgency", partial(term_of, terms=Urgency)) or Urgency.GENERAL,
        "category_code": reader.optional("category_code", compact_of),
        "grid_code": reader.optional("grid_code", code_of),
        "division_code": reader.optional("division_code", code_of),
        "address": reader.optional("address", text_of),
        "occurred_at": reader.optional("occurred_at", moment_of),
        "visibility": reader.optional("visibility", partial(term_of, terms=CaseVisibility)) or CaseVisibility.NORMAL,
        "source_reference": reader.optional("source_reference", text_of),
        "reporter": _reporter(reader),
    }
    if reader.faults or title is None or description is None or kind is None or channel is None:
        return None
    return CaseInput(title=title, description=description, kind=kind, channel=channel, **rest)


def _reporter(reader: RowReader) -> ReporterInput:
    return ReporterInput(
        name=reader.optional("reporter_name", text_of),
        phone=reader.optional("reporter_phone", phone_of),
        anonymous=reader.optional("reporter_anonymous", flag_of) or False,
        confidential=reader.optional("reporter_confidential", flag_of) or False,
    )
