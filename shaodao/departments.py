"""Departments 部门插件: loads and checks them, lists them, and calls the hooks of one at a time.

Each department has a plugin manager of its own, so a hook can never be broadcast and one department's exception can
never keep an event from another. Loading needs no database.
"""

import asyncio
import re
import threading
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from inspect import isawaitable, iscoroutinefunction
from types import MappingProxyType
from typing import Any

import msgspec
import pluggy

from shaodao import hookspecs
from shaodao.domain.delivery import shown_error
from shaodao.domain.errors import InvalidInput, NotFound, NotPermitted, StateConflict
from shaodao.domain.permissions import prefix_of
from shaodao.domain.vocabulary import AssignmentRole, WhistleKind
from shaodao.forms import Form, FormError, ReportForm
from shaodao.hook_outcomes import Crashed, Declined, Handled, Outcome, Postponed, TimedOut
from shaodao.plugin import (
    PROJECT,
    Department,
    DepartmentSettings,
    Desk,
    Event,
    HookThread,
    Host,
    Refuse,
    TryLater,
)

ENTRY_POINT_GROUP = "shaodao.departments"
"""The group of entry points by which an installed package offers its department."""

HOOK_THREAD = "shaodao-hook"
"""Name of the threads that plain hooks run in."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")


class DepartmentError(ValueError):
    """A department cannot be loaded or registered; the message is one line that says which one and what to mend."""


class UnknownDepartment(DepartmentError):
    """There is no module of that name: a mistake of the settings, not of the department."""


@dataclass(frozen=True)
class Broken:
    """A department that cannot be loaded: where its code is, its name as far as it is known, and what is wrong."""

    source: str
    name: str
    error: str


@dataclass(frozen=True)
class LoadedDepartment:
    """A department as it was loaded: its declaration, its form, its hooks, and the name it was found by."""

    declaration: Department
    form: ReportForm
    manager: pluggy.PluginManager
    source: str

    def implementation(self, hook: str) -> Callable[..., Any] | None:
        """The department's function for a hook, or None. Raises KeyError for a hook that does not exist."""
        caller: pluggy.HookCaller | None = getattr(self.manager.hook, hook, None)
        if caller is None:
            raise KeyError(hook)
        implementations = caller.get_hookimpls()
        return implementations[0].function if implementations else None


class Departments:
    """The departments of a process: a typed face over their hooks.

    ``broken`` are those whose code cannot be loaded; one of them that was registered before stands among ``loaded`` with
    its stored declaration. Raises DepartmentError when two have the same name or serve the same organization.
    """

    def __init__(
        self, loaded: Sequence[LoadedDepartment], settings: DepartmentSettings, broken: Sequence[Broken] = ()
    ) -> None:
        self.settings = settings
        self.broken = tuple(broken)
        by_name: dict[str, LoadedDepartment] = {}
        by_organization: dict[str, LoadedDepartment] = {}
        for one in loaded:
            _add(by_name, one.declaration.name, one, "the name")
            for code in one.declaration.organizations:
                _add(by_organization, code, one, "the organization")
        self._by_name: Mapping[str, LoadedDepartment] = MappingProxyType(by_name)
        self._by_organization: Mapping[str, LoadedDepartment] = MappingProxyType(by_organization)

    @property
    def declarations(self) -> tuple[Department, ...]:
        """Every department, in the order of loading."""
        return tuple(one.declaration for one in self._by_name.values())

    @property
    def running(self) -> tuple[Department, ...]:
        """The departments whose code is here."""
        return tuple(one.declaration for one in self._by_name.values() if one.manager.list_name_plugin())

    @property
    def undeclared(self) -> tuple[str, ...]:
        """Names of the broken departments of which no declaration is known: their organizations work by hand."""
        return tuple(one.name for one in self.broken if one.name not in self._by_name)

    @property
    def sources(self) -> Mapping[str, str]:
        """Where the code of each department is, by its name; of broken ones, too."""
        return {one.name: one.source for one in self.broken} | {name: one.source for name, one in self._by_name.items()}

    def of(self, organization_code: str) -> Department | None:
        """The department that serves an organization, or None for one that works by hand."""
        one = self._by_organization.get(organization_code)
        return None if one is None else one.declaration

    def answering(
        self,
        organization_code: str,
        *,
        role: AssignmentRole,
        division_code: str,
        category_code: str | None,
        whistle_kind: WhistleKind | None,
    ) -> Department | None:
        """The department that answers such an assignment of an organization by its declaration, or None: by hand.

        ``division_code`` is the case's narrowest division; ``whistle_kind`` None stands for a plain dispatch 派单.
        """
        department = self.of(organization_code)
        if department is None:
            return None
        scope = department.answers_for
        fits = (
            (not scope.roles or role in scope.roles)
            and (whistle_kind is None or not scope.whistle_kinds or whistle_kind in scope.whistle_kinds)
            and (not scope.categories or category_code in scope.categories)
            and (not scope.divisions or any(division_code.startswith(prefix_of(code)) for code in scope.divisions))
        )
        return department if fits else None

    def require_organizations(self, known: Collection[str]) -> None:
        """At registration: raises DepartmentError for a department that serves an organization nobody knows."""
        for code, one in self._by_organization.items():
            if code not in known:
                raise DepartmentError(
                    f"department {one.declaration.name} serves the organization {code}, which is not registered"
                )

    def declaration_of(self, name: str) -> dict[str, Any]:
        """What a department declares, without its form, as plain JSON values. Raises KeyError."""
        declaration = self._by_name[name].declaration
        fields = ("name", "title", "version", "organizations", "answers_for")
        described: dict[str, Any] = msgspec.json.decode(
            msgspec.json.encode({field: getattr(declaration, field) for field in fields})
        )
        return described

    def form_schema(self, name: str) -> Mapping[str, Any]:
        """The JSON Schema of a department's report form. Raises KeyError."""
        return self._by_name[name].form.schema

    def validate(self, organization_code: str, fields: object, path: str = "fields") -> dict[str, Any]:
        """An organization's report fields as plain JSON values, checked by its form.

        ``fields`` is a mapping or an instance of the form. An organization without a department has no fields. Raises
        InvalidInput, which names every faulty field.
        """
        one = self._by_organization.get(organization_code)
        if one is not None:
            return one.form.validate(fields, path)
        if fields:
            raise InvalidInput.at(path, "该单位没有反馈表单", "the organization has no report form")
        return {}

    def hooks_of(self, name: str) -> tuple[str, ...]:
        """The hooks that a department implements. Raises KeyError."""
        return tuple(hook for hook in hook_names() if self._by_name[name].implementation(hook) is not None)

    async def start(self, department: Department, host: Host) -> None:
        """Tell a department that a process runs it (``on_start``); what the hook raises is raised."""
        await _run(self._by_name[department.name], "on_start", {"host": host})

    async def call(
        self,
        department: Department,
        hook: str,
        event: Event,
        desk: Desk,
        timeout: float,  # noqa: ASYNC109 - the outcome tells of it
    ) -> Outcome:
        """Call one hook of one department, for at most ``timeout`` seconds, and tell how it ended.

        A plain ``def`` runs in a thread of its own, so that one that hangs holds up nothing. Raises KeyError for a
        hook or a department that does not exist; whatever the hook itself raises becomes part of the outcome.
        """
        one = self._by_name[department.name]
        one.implementation(hook)
        try:
            async with asyncio.timeout(timeout) as limit:
                await _run(one, hook, {"event": event, "desk": desk})
        except TryLater as later:
            return Postponed(later.delay, later.reason)
        except Refuse as refusal:
            return Declined(refusal.reason)
        except (StateConflict, InvalidInput, NotFound, NotPermitted) as refused:
            return Declined(shown_error(refused.message))
        except (Exception, SystemExit) as error:
            if limit.expired() and isinstance(error, TimeoutError):
                return TimedOut(timeout)
            return Crashed("".join(traceback.format_exception_only(error)).strip(), traceback.format_exc())
        return Handled()


def hook_names() -> tuple[str, ...]:
    """The names of all hooks, in the order of their specification."""
    marker = f"{PROJECT}_spec"
    return tuple(name for name, value in vars(hookspecs).items() if hasattr(value, marker))


def load_departments(
    names: Sequence[str],
    entry_point_group: str = ENTRY_POINT_GROUP,
    settings: DepartmentSettings | None = None,
) -> Departments:
    """The departments of the installed packages' entry points, then those of import names such as ``plugins.civil_affairs``.

    An import name may go on with a colon and an attribute, as entry points do. Raises DepartmentError.
    """
    settings = settings or DepartmentSettings()
    loaded = [load_source(source, settings) for source in sources_of(names, entry_point_group)]
    return Departments(loaded, settings)


def sources_of(names: Sequence[str], entry_point_group: str = ENTRY_POINT_GROUP) -> tuple[str, ...]:
    """Where the departments are: import names of the installed packages' entry points, then the given ones; each once."""
    installed = (entry.value for entry in entry_points(group=entry_point_group))
    return tuple(dict.fromkeys([*installed, *names]))


def load_source(source: str, settings: DepartmentSettings) -> LoadedDepartment:
    """Import and check the department of an import name. Raises DepartmentError, UnknownDepartment."""
    return load_department(_load(EntryPoint(source, source, ENTRY_POINT_GROUP)), source, settings)


def load_department(plugin: object, source: str, settings: DepartmentSettings) -> LoadedDepartment:
    """Check one department: a module, or an object with hooks.

    ``source`` names it in errors. Raises DepartmentError.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(plugin, name=source)
        manager.check_pending()
        declaration = manager.hook.department(settings=settings)
    except pluggy.PluginValidationError as error:
        raise DepartmentError(f"department {source}: {_one_line(error)}") from error
    except Exception as error:
        raise DepartmentError(f"department {source}: its declaration failed: {_one_line(error)}") from error
    if not isinstance(declaration, Department):
        raise DepartmentError(f"department {source}: the hook department() is missing or does not return a Department")
    _check(declaration, source)
    try:
        return LoadedDepartment(declaration, Form(declaration.form), manager, source)
    except FormError as error:
        raise DepartmentError(f"department {source}: {error}") from error


def _load(entry: EntryPoint) -> object:
    try:
        return entry.load()
    except ModuleNotFoundError as error:
        told = f"department {entry.value}: cannot be imported, {error}; see SHAODAO_DEPARTMENTS"
        is_its_own = error.name is not None and f"{entry.module}.".startswith(f"{error.name}.")
        raise (UnknownDepartment(told) if is_its_own else DepartmentError(told)) from error
    except (Exception, SystemExit) as error:
        raise DepartmentError(f"department {entry.value}: fails on import: {_one_line(error)}") from error


def _check(declaration: Department, source: str) -> None:
    if not _NAME.fullmatch(declaration.name):
        raise DepartmentError(f"department {source}: the name {declaration.name!r} must be lower case with underscores")
    if not declaration.organizations:
        raise DepartmentError(f"department {source}: serves no organization")
    for field in ("title", "version"):
        if not getattr(declaration, field).strip():
            raise DepartmentError(f"department {source}: the {field} is empty")


def _add(places: dict[str, LoadedDepartment], key: str, one: LoadedDepartment, what: str) -> None:
    other = places.setdefault(key, one)
    if other is not one:
        raise DepartmentError(f"departments {other.source} and {one.source} both claim {what} {key}")


def _one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


async def _run(one: LoadedDepartment, hook: str, arguments: Mapping[str, Any]) -> None:
    """Call a hook through pluggy, which hands on only the parameters that the implementation takes."""
    call = partial(getattr(one.manager.hook, hook), **arguments)
    if iscoroutinefunction(one.implementation(hook)):
        results = call()
    else:
        results = await _in_thread(call)
    for result in results:
        if isawaitable(result):
            await result


async def _in_thread(call: Callable[[], Any]) -> Any:
    """Run a plain function in a thread of its own, with a place where ``wait`` finds the loop."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[Any] = loop.create_future()
    thread, context = HookThread(loop), copy_context()

    def work() -> None:
        context.run(HookThread.current.set, thread)
        try:
            result, error = context.run(call), None
        except (Exception, SystemExit) as raised:
            result, error = None, raised
        if not thread.abandoned:
            loop.call_soon_threadsafe(_settle, ended, result, error)

    threading.Thread(target=work, name=HOOK_THREAD, daemon=True).start()
    try:
        return await ended
    finally:
        thread.abandoned = True


def hook_threads() -> int:
    """How many plain hooks run in this process, those that were given up on included."""
    return sum(thread.name == HOOK_THREAD for thread in threading.enumerate())


def _settle(ended: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
    if ended.done():
        return
    if error is None:
        ended.set_result(result)
    elif isinstance(error, StopIteration):  # a future cannot hold it
        ended.set_exception(RuntimeError("the hook raised StopIteration"))
    else:
        ended.set_exception(error)
