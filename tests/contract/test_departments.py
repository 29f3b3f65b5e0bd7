"""Loading departments and calling them one at a time: what is refused, and how a hook may end."""

import asyncio
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from shaodao.departments import (
    DepartmentError,
    Departments,
    load_department,
    load_departments,
)
from shaodao.hook_outcomes import Crashed, Declined, Handled, Outcome, Postponed, TimedOut
from shaodao.plugin import (
    AnswersFor,
    AssignmentRole,
    Department,
    DepartmentSettings,
    Desk,
    Event,
    InvalidInput,
    Refuse,
    TryLater,
    WhistleBlown,
    WhistleKind,
    hookimpl,
    wait,
)
from shaodao.testing import HookFailed, Street
from tests.contract.departments import Declared, Form, Listener, OnWhistle, Plain, declaration, hang

THE_THREE = ("plugins.civil_affairs", "plugins.public_security", "plugins.urban_management")


def _loaded(*declarations: Department) -> Departments:
    settings = DepartmentSettings()
    return Departments([load_department(Declared(one), one.name, settings) for one in declarations], settings)


def test_the_three_departments_serve_their_organizations() -> None:
    departments = load_departments(THE_THREE)
    named = {code: departments.of(code) for code in ("MZ", "GA", "JJ", "CG")}
    assert [department.name for department in named.values() if department] == [
        "civil_affairs", "public_security", "public_security", "urban_management",
    ]  # fmt: skip
    assert departments.of("ZJ") is None
    departments.require_organizations({"MZ", "GA", "JJ", "CG"})
    with pytest.raises(DepartmentError, match="civil_affairs serves the organization MZ, which is not registered"):
        departments.require_organizations({"GA", "JJ", "CG"})


def test_a_department_named_twice_is_loaded_once() -> None:
    assert len(load_departments((*THE_THREE, "plugins.civil_affairs")).declarations) == 3


def test_declaration_form_and_hooks_can_be_stored_as_data() -> None:
    departments = load_departments(THE_THREE)
    assert departments.declaration_of("urban_management") == {
        "name": "urban_management", "title": "城管", "version": "0.1.0", "organizations": ["CG"],
        "answers_for": {"whistle_kinds": [], "categories": [], "divisions": [], "roles": []},
    }  # fmt: skip
    assert "on_return" in departments.hooks_of("urban_management")
    for one in departments.declarations:
        schema = msgspec.json.decode(msgspec.json.encode(dict(departments.form_schema(one.name))))
        properties = schema["$defs"][one.form.__name__]["properties"]
        assert all(any("一" <= letter <= "鿿" for letter in entry["title"]) for entry in properties.values())


def _module(name: str, source: str) -> ModuleType:
    module = ModuleType(name)
    exec(source, vars(module))
    sys.modules[name] = module
    return module


@pytest.fixture
def broken() -> Iterator[str]:
    yield "broken_department"
    sys.modules.pop("broken_department", None)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("", "department() is missing"),
        ("@hookimpl\ndef department(): return 1", "does not return a Department"),
        ("@hookimpl\ndef department(): 1 / 0", "its declaration failed: ZeroDivisionError"),
        ("@hookimpl\ndef on_whistel(event): ...", "on_whistel"),
        ("@hookimpl\ndef on_whistle(event, desks): ...", "desks"),
        ("@hookimpl\ndef department(): return declared('Upper Case')", "must be lower case"),
        ("@hookimpl\ndef department(): return declared('a', form=int)", "neither a dataclass nor a msgspec Struct"),
        ("@hookimpl\ndef department(): return declared('a', form=Odd)", "cannot be described"),
    ],
)
def test_a_department_that_cannot_work_is_refused_in_one_line(broken: str, source: str, told: str) -> None:
    head = """
from dataclasses import dataclass
from shaodao.plugin import hookimpl
from tests.contract.departments import declaration as declared
@dataclass
class Odd:
    value: type
"""
    _module(broken, head + source)
    with pytest.raises(DepartmentError, match=re.escape(told)) as refused:
        load_departments([broken])
    assert str(refused.value).startswith(f"department {broken}: ")
    assert "\n" not in str(refused.value)


def test_a_department_that_is_not_there_is_refused() -> None:
    with pytest.raises(DepartmentError, match=r"nowhere: cannot be imported.*SHAODAO_DEPARTMENTS"):
        load_departments(["nowhere"])


def test_a_department_that_fails_on_import_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "falling_department.py").write_text("raise RuntimeError('no\\nlicence')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(DepartmentError, match="falling_department: fails on import: RuntimeError: no licence"):
        load_departments(["falling_department"])


def test_names_and_organizations_belong_to_one_department() -> None:
    with pytest.raises(DepartmentError, match="departments one and one both claim the name one"):
        _loaded(declaration("one", "AA"), declaration("one", "BB"))
    with pytest.raises(DepartmentError, match="departments one and two both claim the organization AA"):
        _loaded(declaration("one", "AA"), declaration("two", "AA"))


@pytest.mark.parametrize(
    ("scope", "answers"),
    [
        (AnswersFor(), True),
        (AnswersFor(whistle_kinds=(WhistleKind.EMERGENCY,)), False),
        (AnswersFor(whistle_kinds=(WhistleKind.ROUTINE,), roles=(AssignmentRole.LEAD,)), True),
        (AnswersFor(roles=(AssignmentRole.CO,)), False),
        (AnswersFor(categories=("A13", "A02")), True),
        (AnswersFor(categories=("A02",)), False),
        (AnswersFor(divisions=("990101001000",)), True),
        (AnswersFor(divisions=("990101002000",)), False),
    ],
)
def test_a_department_answers_for_what_it_declares(scope: AnswersFor, answers: bool) -> None:
    declared = msgspec.structs.replace(declaration(), answers_for=scope)
    department = _loaded(declared).answering(
        "XX", role=AssignmentRole.LEAD, division_code="990101001001", category_code="A13", whistle_kind=WhistleKind.ROUTINE
    )  # fmt: skip
    assert (department is not None) is answers


def test_a_whistle_kind_does_not_limit_dispatches() -> None:
    declared = msgspec.structs.replace(declaration(), answers_for=AnswersFor(whistle_kinds=(WhistleKind.EMERGENCY,)))
    departments = _loaded(declared)
    for code, answered in (("XX", True), ("YY", False)):
        department = departments.answering(
            code, role=AssignmentRole.LEAD, division_code="990101001001", category_code=None, whistle_kind=None
        )
        assert (department is not None) is answered


def test_report_fields_are_checked_by_the_form() -> None:
    departments = load_departments(THE_THREE)
    fields = {"incident_number": "示1", "disposal": "WARNED", "officers": 2, "filed": False}
    assert departments.validate("JJ", fields) == fields
    with pytest.raises(InvalidInput) as invalid:
        departments.validate("GA", {"disposal": "SHOUTED", "officers": 0, "filed": "no", "mood": 1})
    assert {fault.path: fault.message for fault in invalid.value.faults} == {
        "fields.incident_number": "缺少“接处警编号”",
        "fields.disposal": "“处置类别”填写有误",
        "fields.officers": "“出警人数”填写有误",
        "fields.filed": "“是否立案”填写有误",
        "fields.mood": "表单中没有此项",
    }


def test_an_organization_without_a_department_has_no_fields() -> None:
    departments = load_departments(THE_THREE)
    assert departments.validate("ZJ", {}) == {}
    with pytest.raises(InvalidInput, match="fields: the organization has no report form"):
        departments.validate("ZJ", {"any": 1})


@dataclass(frozen=True)
class Nested:
    """嵌套"""

    numbers: tuple[int, ...] = field(default=())

    def __post_init__(self) -> None:
        if len(self.numbers) > 2:
            raise ValueError("at most two numbers")


def test_faults_inside_a_field_and_of_the_whole_form_are_told() -> None:
    departments = _loaded(declaration(form=Nested))
    assert departments.validate("XX", Nested((1, 2))) == {"numbers": [1, 2]}
    for fields, told in (({"numbers": [1, "2"]}, r"fields\.numbers\[1\]"), ({"numbers": [1, 2, 3]}, "at most two")):
        with pytest.raises(InvalidInput, match=told):
            departments.validate("XX", fields)
    with pytest.raises(InvalidInput, match="fields: must be an object"):
        departments.validate("XX", [1])


def _outcome(department: object) -> Outcome:
    with Street(department, timeout=0.1) as street:
        try:
            assignment = street.blow("XX")
        except HookFailed:
            assignment = street.assignments[0]
        return assignment.outcomes[0]


async def _nothing(event: Event, desk: Desk) -> None: ...


async def _later(event: Event, desk: Desk) -> None:
    raise TryLater(timedelta(minutes=1), "the books are closed")


async def _refuse(event: Event, desk: Desk) -> None:
    raise Refuse("not ours")


async def _start_too_early(event: Event, desk: Desk) -> None:
    await desk.start()


async def _wrong_report(event: Event, desk: Desk) -> None:
    await desk.acknowledge([])


async def _sleep(event: Event, desk: Desk) -> None:
    await asyncio.sleep(5)


async def _own_timeout(event: Event, desk: Desk) -> None:
    raise TimeoutError("of another system")


async def _leave(event: Event, desk: Desk) -> None:
    sys.exit(3)


def test_how_a_hook_may_end() -> None:
    assert _outcome(OnWhistle(_nothing)) == Handled()
    assert _outcome(Declared(declaration())) == Handled()
    assert _outcome(OnWhistle(_later)) == Postponed(timedelta(minutes=1), "the books are closed")
    assert _outcome(OnWhistle(_refuse)) == Declined("not ours")
    assert _outcome(OnWhistle(_start_too_early)) == Declined("“已通知”状态下不能“开始处置”")
    assert _outcome(OnWhistle(_wrong_report)) == Declined("persons：须写明到场人员")
    assert _outcome(OnWhistle(_sleep)) == TimedOut(0.1)
    assert _outcome(Plain(hang)) == TimedOut(0.1)


@pytest.mark.parametrize(
    ("hook", "told"),
    [(_own_timeout, "TimeoutError: of another"), (_leave, "SystemExit: 3")],
)
def test_a_crash_tells_its_error_in_one_line(hook: object, told: str) -> None:
    outcome = _outcome(OnWhistle(hook))  # type: ignore[arg-type] # parametrized
    assert isinstance(outcome, Crashed)
    assert told in outcome.error
    assert "Traceback" in outcome.trace


def test_a_plain_hook_acts_through_wait() -> None:
    def acknowledge(event: Event, desk: Desk) -> None:
        wait(desk.acknowledge(["万示序"]))

    with Street(Plain(acknowledge)) as street:
        assert street.blow("XX").view.persons == ("万示序",)


def test_a_plain_hook_hears_the_refusals() -> None:
    def stop(event: Event, desk: Desk) -> None:
        raise StopIteration

    def start(event: Event, desk: Desk) -> None:
        wait(desk.start())

    assert isinstance(_outcome(Plain(start)), Declined)
    assert isinstance(_outcome(Plain(stop)), Crashed)


def test_wait_is_for_plain_hooks_only() -> None:
    with pytest.raises(RuntimeError, match="only in a plain def hook"):
        wait(asyncio.sleep(0))


def test_a_postponed_event_comes_again() -> None:
    seen: list[Event] = []

    async def second_time(event: Event, desk: Desk) -> None:
        seen.append(event)
        if len(seen) == 1:
            raise TryLater(timedelta(minutes=1), "not yet")
        await desk.acknowledge(["万示序"])

    with Street(OnWhistle(second_time)) as street:
        assignment = street.blow("XX")
        street.pass_time(timedelta(minutes=1))
        assert [event.key for event in seen] == [assignment.events[0].key] * 2
        assert assignment.names_of_actions == ("acknowledge",)


def test_an_unknown_hook_is_an_error_of_the_caller() -> None:
    listener = Listener()
    with Street(listener) as street:
        event = street.blow("XX").events[0]
        desk = street.run(street.desk(event.view.assignment_id))
        with pytest.raises(KeyError, match="on_whistel"):
            street.run(street.departments.call(street.department, "on_whistel", event, desk, 1))
    assert isinstance(event, WhistleBlown)


def test_a_hook_of_a_subclass_of_the_form_is_loaded_once() -> None:
    class Quiet(Declared):
        @hookimpl
        def on_start(self) -> None: ...

    departments = Departments(
        [load_department(Quiet(declaration(form=Form)), "quiet", DepartmentSettings())], DepartmentSettings()
    )
    assert departments.hooks_of("listener") == ("department", "on_start")
