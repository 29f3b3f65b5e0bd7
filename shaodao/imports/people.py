"""Rows of people 人口 as a table tells them (Z-06, B.5): one person a row, with the number of their household 户号."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from shaodao.commands.people import RESIDENT_ID, PersonInput
from shaodao.domain.vocabulary import CaseVisibility, Gender, ResidenceKind
from shaodao.imports.cells import (
    Cell,
    code_of,
    compact_of,
    date_of,
    identity_number_of,
    list_of,
    phone_of,
    term_of,
    text_of,
)
from shaodao.imports.columns import Column, Columns
from shaodao.imports.reading import RowReader

_GENDERS = (("男性", Gender.MALE), ("女性", Gender.FEMALE), ("未说明", Gender.UNKNOWN), ("不详", Gender.UNKNOWN))
_RESIDENCES = (
    ("户籍人口", ResidenceKind.REGISTERED), ("常住", ResidenceKind.REGISTERED), ("流动人口", ResidenceKind.FLOATING),
    ("留守人员", ResidenceKind.LEFT_BEHIND), ("境外人员", ResidenceKind.OVERSEAS), ("寄住人员", ResidenceKind.LODGING),
)  # fmt: skip
_RESIDENT_CARDS = frozenset({"居民身份证", "身份证", RESIDENT_ID})
_IDENTITY_LENGTH = 18


@dataclass(frozen=True)
class PersonRow:
    """A person as a row tells them. ``household_number``: the household they belong to, made if it is not there yet."""

    person: PersonInput
    household_number: str | None


def people_columns() -> Columns:
    """The columns of a table of people."""
    return Columns(
        (
            Column("name", ("姓名",), required=True),
            Column("gender", ("性别",)),
            Column("id_kind", ("证件类型", "证件种类")),
            Column("id_number", ("公民身份号码", "身份证号", "身份证号码", "身份号码", "证件号码")),
            Column("birth_date", ("出生日期", "出生年月日", "生日")),
            Column("phone", ("电话", "联系电话", "手机", "手机号", "手机号码", "电话号码")),
            Column("grid_code", ("网格编码", "网格代码", "网格编号", "所属网格编码"), required=True),
            Column("household_number", ("户号", "户编号")),
            Column("relation_to_head", ("与户主关系",)),
            Column("address", ("住址", "现住址", "地址", "居住地址")),
            Column("residence_kind", ("居住类型", "人口类型", "人员类型"), required=True),
            Column("skills", ("技能", "特长", "特长技能")),
            Column("visibility", ("可见范围", "知悉范围")),
            Column("source", ("数据来源", "来源")),
        )
    )


def read_person(reader: RowReader, source: str) -> PersonRow | None:
    """The person of a row; None, with the faults noted, where a cell cannot be read. ``source`` where the row names none."""
    name = reader.required("name", text_of)
    grid_code = reader.required("grid_code", code_of)
    residence = reader.required("residence_kind", partial(term_of, terms=ResidenceKind, aliases=_RESIDENCES))
    id_kind = reader.optional("id_kind", _id_kind) or RESIDENT_ID
    id_number = reader.optional("id_number", identity_number_of)
    household_number = reader.optional("household_number", compact_of)
    rest: dict[str, Any] = {
        "gender": reader.optional("gender", partial(term_of, terms=Gender, aliases=_GENDERS)),
        "birth_date": reader.optional("birth_date", date_of),
        "phone": reader.optional("phone", phone_of),
        "address": reader.optional("address", text_of),
        "relation_to_head": reader.optional("relation_to_head", text_of),
        "skills": reader.optional("skills", list_of) or (),
        "visibility": _visibility(reader),
        "source": reader.optional("source", text_of) or source,
    }
    if reader.faults or name is None or grid_code is None or residence is None:
        return None
    person = PersonInput(
        name=name, grid_code=grid_code, residence_kind=residence, id_kind=id_kind, id_number=id_number, **rest
    )  # fmt: skip
    return PersonRow(person, household_number)


def lost_digits(number: str | None) -> bool:
    """Whether an identity number looks like one whose last digits a spreadsheet has turned to zeros."""
    return number is not None and len(number) == _IDENTITY_LENGTH and number.isdigit() and number.endswith("000")


def _id_kind(cell: Cell) -> str | None:
    text = text_of(cell)
    return RESIDENT_ID if text in _RESIDENT_CARDS else text


def _visibility(reader: RowReader) -> CaseVisibility:
    """Who may see the record (C.7). A reporter kept in confidence is a case's matter, not a person's."""
    visibility = reader.optional("visibility", partial(term_of, terms=CaseVisibility)) or CaseVisibility.NORMAL
    if visibility is CaseVisibility.CONFIDENTIAL_REPORTER:
        reader.fault("visibility", "应为：一般、涉未成年人、涉特殊人群")
    return visibility
