"""The rows of an export: read page by page through the same compiled list as in the API, so every rule and mask holds."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, assert_never

import orjson

from schema.execution import Context, ReadService
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.case_vocabulary import ExportSubject
from shaodao.domain.errors import InvalidInput
from shaodao.domain.identity import mask_name, redact
from shaodao.domain.vocabulary import (
    ArchiveColor,
    CaseKind,
    CaseState,
    CaseVisibility,
    Channel,
    Gender,
    ResidenceKind,
    SolvingLevel,
    Term,
    Urgency,
)

Value: TypeAlias = str | int | None
Node: TypeAlias = Mapping[str, Any]

_PAGE = 100
_WITHHELD = "（限制导出）"
_CASES = """
query Cases($filter: CaseFilter, $after: String, $first: Int!) { list: cases(first: $first, after: $after, filter: $filter) {
  nodes { number kind channel title description category { name } urgency state level grid { code name } address
    reporter { name phone } registeredAt dueAt overdue closedAt resultText visibility confidential }
  pageInfo { hasNextPage endCursor } } }
"""
_PEOPLE = """
query People($filter: PersonFilter, $after: String, $first: Int!) { list: people(first: $first, after: $after, filter: $filter) {
  nodes { name gender age idNumber phone grid { code name } household { number } relationToHead address residenceKind skills
    archiveColor visibility }
  pageInfo { hasNextPage endCursor } } }
"""
_COUNT_CASES = "query CountCases($filter: CaseFilter) { list: cases(first: 1, filter: $filter) { totalCount } }"
_COUNT_PEOPLE = "query CountPeople($filter: PersonFilter) { list: people(first: 1, filter: $filter) { totalCount } }"


@dataclass(frozen=True)
class ExportColumn:
    """A column of an exported list: its heading, and its value in a row of the list."""

    heading: str
    value: Callable[[Node], Value]


@dataclass(frozen=True)
class ExportedList:
    """A list as one viewer sees it now. ``filter`` is the list's own, as JSON."""

    reader: ReadService
    context: Context
    what: ExportSubject
    filter: Mapping[str, Any]

    @property
    def headings(self) -> list[str]:
        """The headings of the columns."""
        return [column.heading for column in columns_of(self.what)]

    async def count(self) -> int:
        """How many rows there are now. Raises InvalidInput at ``filter`` for one that the list refuses."""
        found = await self._read(_COUNT_CASES if self.what is ExportSubject.CASES else _COUNT_PEOPLE, {})
        return int(found["totalCount"])

    async def pages(self) -> AsyncIterator[list[list[Value]]]:
        """The rows, some at a time."""
        columns = columns_of(self.what)
        after: str | None = None
        while True:
            document = _CASES if self.what is ExportSubject.CASES else _PEOPLE
            found = await self._read(document, {"after": after, "first": _PAGE})
            yield [[column.value(node) for column in columns] for node in found["nodes"]]
            if not found["pageInfo"]["hasNextPage"]:
                return
            after = found["pageInfo"]["endCursor"]

    async def _read(self, document: str, variables: Mapping[str, Any]) -> Any:
        outcome = await self.reader.execute(document, self.context, {"filter": dict(self.filter), **variables})
        if outcome.errors or outcome.data is None:
            message = getattr(outcome.errors[0], "message", "") if outcome.errors else ""
            raise InvalidInput.at("filter", f"筛选条件无效：{message}", f"the filter is refused: {message}")
        return orjson.loads(outcome.data)["list"]


def columns_of(what: ExportSubject) -> tuple[ExportColumn, ...]:
    """The columns of a list. Identity numbers, phones and reporters' names are masked by the list itself (guardrail 1).

    What would tell who a child, a person of a special group or a confidential reporter is does not leave the platform.
    """
    match what:
        case ExportSubject.CASES:
            return _case_columns()
        case ExportSubject.PEOPLE:
            return _person_columns()
        case _:
            assert_never(what)


def _case_columns() -> tuple[ExportColumn, ...]:
    return (
        ExportColumn("编号", _plain("number")),
        ExportColumn("类型", _label("kind", CaseKind)),
        ExportColumn("渠道", _label("channel", Channel)),
        ExportColumn("标题", _redacted("title")),
        ExportColumn("内容", _redacted("description")),
        ExportColumn("分类", _plain("category", "name")),
        ExportColumn("紧急程度", _label("urgency", Urgency)),
        ExportColumn("状态", _label("state", CaseState)),
        ExportColumn("层级", _label("level", SolvingLevel)),
        ExportColumn("网格编码", _plain("grid", "code")),
        ExportColumn("网格", _plain("grid", "name")),
        ExportColumn("地址", _redacted("address")),
        ExportColumn("诉求人", _unless_confidential(_plain("reporter", "name"))),
        ExportColumn("诉求人电话", _unless_confidential(_plain("reporter", "phone"))),
        ExportColumn("登记时间", _moment("registeredAt")),
        ExportColumn("应办结时间", _moment("dueAt")),
        ExportColumn("是否超期", lambda node: "是" if node["overdue"] else "否"),
        ExportColumn("办结时间", _moment("closedAt")),
        ExportColumn("办理结果", _redacted("resultText")),
    )


def _person_columns() -> tuple[ExportColumn, ...]:
    return (
        ExportColumn("姓名", _name),
        ExportColumn("性别", _label("gender", Gender)),
        ExportColumn("年龄", _plain("age")),
        ExportColumn("公民身份号码", _unless_restricted(_plain("idNumber"))),
        ExportColumn("电话", _unless_restricted(_plain("phone"))),
        ExportColumn("网格编码", _plain("grid", "code")),
        ExportColumn("网格", _plain("grid", "name")),
        ExportColumn("户号", _unless_restricted(_plain("household", "number"))),
        ExportColumn("与户主关系", _plain("relationToHead")),
        ExportColumn("住址", _unless_restricted(_plain("address"))),
        ExportColumn("居住类型", _label("residenceKind", ResidenceKind)),
        ExportColumn("技能", lambda node: "、".join(node["skills"])),
        ExportColumn("三色档案", _label("archiveColor", ArchiveColor)),
    )


def _plain(*path: str) -> Callable[[Node], Value]:
    def value(node: Node) -> Value:
        found: Any = node
        for name in path:
            found = found and found[name]
        return found  # type: ignore[no-any-return]  # JSON of a field that is a text or a number

    return value


def _redacted(name: str) -> Callable[[Node], Value]:
    """A text that people wrote: phones and identity numbers in it are masked; of a restricted case it is left out."""
    return _unless_restricted(lambda node: node[name] and redact(node[name]))


def _is_restricted(node: Node) -> bool:
    return node["visibility"] in (CaseVisibility.RESTRICTED_MINOR, CaseVisibility.RESTRICTED_SPECIAL)


def _unless_restricted(value: Callable[[Node], Value]) -> Callable[[Node], Value]:
    """What is about a child or a special group is read on the platform alone (C.7 guardrail 11)."""
    return lambda node: _WITHHELD if _is_restricted(node) else value(node)


def _unless_confidential(value: Callable[[Node], Value]) -> Callable[[Node], Value]:
    """Who reported in confidence, or of a child, is told by the platform alone (C.7 guardrail 5)."""
    return lambda node: _WITHHELD if node["confidential"] or _is_restricted(node) else value(node)


def _label(name: str, terms: type[Term]) -> Callable[[Node], Value]:
    return lambda node: node[name] and terms[node[name]].label


def _moment(name: str) -> Callable[[Node], Value]:
    return lambda node: node[name] and f"{datetime.fromisoformat(node[name]).astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _name(node: Node) -> Value:
    """A name as the list shows it; a child's, and that of special groups, leaves the platform masked (C.7)."""
    name: str = node["name"]
    return name if node["visibility"] == CaseVisibility.NORMAL else mask_name(name)
