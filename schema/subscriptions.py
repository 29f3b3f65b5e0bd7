"""The live feed as subscriptions: one case, the boards of a division, the inbox of an organization (design: delivery).

A subscription resumes after a cursor without loss or repetition; without one it starts now. Who may see a row is asked
for each event, and what is not seen is not sent.
"""

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, Protocol, TypeAlias
from uuid import UUID

import strawberry

from schema.boards import Told, assignment_row, case_row, whistle_row
from schema.declarations import StoredRef
from schema.enumerations import BoardChange
from schema.errors import ClientError, ErrorCode, invalid_input
from schema.execution import Context
from schema.ids import GlobalId, decode_as
from schema.mapping import stored
from schema.sight import Sight
from schema.types.assignments import Assignment
from schema.types.cases import Case
from schema.types.history import CaseEvent
from schema.types.whistles import Whistle
from shaodao.delivery.cursors import CursorExpired, MalformedCursor
from shaodao.delivery.feed import Feed, FeedEvent, SubscriberTooSlow
from shaodao.domain.errors import DomainError
from shaodao.domain.permissions import Viewer, county_of, prefix_of

Info: TypeAlias = strawberry.Info[Context, None]
After: TypeAlias = Annotated[
    str | None, strawberry.argument(description="Cursor of the last event that was received; missing: from now on.")
]
Division: TypeAlias = Annotated[
    str, strawberry.argument(description="Code of a division of any level, or of a grid, within the viewer's scope.")
]

_PLACE = "street { code } community { code } grid { code }"
_SEEN = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
_CASES = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ id ... on Case {{ state version registeredAt {_PLACE} }} }} }}"
_WHISTLES = (
    "query ($ids: [ID!]!) { nodes(ids: $ids) { id"
    f" ... on Whistle {{ state version draftedAt case {{ {_PLACE} }} }} }} }}"
)
_ASSIGNMENTS = "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Assignment { state version notifiedAt } } }"
# Of all organizations at once, so that all their subscribers share it. Whom the matter was taken from again hears that, and
# nothing of what comes later.
_PARTS = """
SELECT coalesce(array_agg(organization_code ORDER BY notified_at, id), '{}') AS organizations,
    coalesce(array_agg(id ORDER BY notified_at, id), '{}') AS parts
FROM assignment
WHERE county_code = $1 AND case_id = $2 AND agent_id IS NULL
    AND (state NOT IN ('REASSIGNED', 'WITHDRAWN') OR updated_at >= $3)
"""


def live(resolver: Callable[..., Any]) -> Any:
    """Make a resolver a subscription: its docstring is the description."""
    return strawberry.subscription(resolver, description=inspect.getdoc(resolver))


class FeedServices(Protocol):
    """What subscriptions need of ``Context.services``."""

    @property
    def feed(self) -> Feed:
        """The live feed of this process."""
        ...

    def now(self) -> datetime:
        """The platform's clock."""
        ...


@strawberry.type(description="A step of a case that the viewer sees.")
class CaseChange:
    cursor: str = strawberry.field(description="Pass it as `after` to go on behind this event.")
    event: CaseEvent | None = stored(description="The step.")
    case: Case | None = stored(description="The case as it is now.")


@strawberry.type(description="A change of a board of cases.")
class CaseBoardChange:
    cursor: str = strawberry.field(description="Pass it as `after` to go on behind this change.")
    change: BoardChange = strawberry.field(description="What happened to the row; CHANGED may be the first told of it.")
    id: strawberry.ID = strawberry.field(description="Global identifier of the case.")
    event: CaseEvent | None = stored(description="The step that did it, if the viewer sees it.")
    case: Case | None = stored(description="The case as it is now, if the viewer still sees it.")


@strawberry.type(description="A change of a board of whistles.")
class WhistleBoardChange:
    cursor: str = strawberry.field(description="Pass it as `after` to go on behind this change.")
    change: BoardChange = strawberry.field(description="What happened to the row; CHANGED may be the first told of it.")
    id: strawberry.ID = strawberry.field(description="Global identifier of the whistle.")
    event: CaseEvent | None = stored(description="The step that did it, if the viewer sees it.")
    whistle: Whistle | None = stored(description="The whistle as it is now, if the viewer still sees it.")


@strawberry.type(description="A change of an organization's inbox.")
class AssignmentInboxChange:
    cursor: str = strawberry.field(description="Pass it as `after` to go on behind this change.")
    change: BoardChange = strawberry.field(description="What happened to the row; CHANGED may be the first told of it.")
    id: strawberry.ID = strawberry.field(description="Global identifier of the assignment.")
    event: CaseEvent | None = stored(description="The step that did it, if the viewer sees it.")
    assignment: Assignment | None = stored(description="The assignment as it is now, if the viewer still sees it.")


@strawberry.type(description="The live feed; every event is sent once, in order, and only to who may see it.")
class Subscription:
    @live
    async def case_changed(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Global identifier of the case.")],  # noqa: A002 - named as in the schema
        after: After = None,
    ) -> AsyncIterator[CaseChange]:
        """The steps of one case, from now on or after a cursor."""
        identifier, sight = _case_id(info.context.viewer, id), Sight(info)
        if await sight.nodes(_SEEN, [identifier]) == [None]:
            raise _not_found(id)
        case_id = UUID(identifier.key)  # it was found, so it is one
        events = await _listen(info, after, lambda event: event.case_id == case_id)
        return _case_changes(info, sight, events)

    @live
    async def case_board(self, info: Info, division: Division, after: After = None) -> AsyncIterator[CaseBoardChange]:
        """The open cases of a division: which enter, change and leave."""
        _check_division(info.context.viewer, division)
        return _case_board(info, division, await _listen(info, after, _near(division)))

    @live
    async def whistle_board(
        self, info: Info, division: Division, after: After = None
    ) -> AsyncIterator[WhistleBoardChange]:
        """The open whistles of a division: which enter, change and leave."""
        _check_division(info.context.viewer, division)
        near = _near(division)
        events = await _listen(info, after, lambda event: event.whistle_id is not None and near(event))
        return _whistle_board(info, division, events)

    @live
    async def assignment_inbox(
        self,
        info: Info,
        organization: Annotated[
            str, strawberry.argument(description="Code of an organization that the viewer works for.")
        ],
        after: After = None,
    ) -> AsyncIterator[AssignmentInboxChange]:
        """The open assignments of the viewer's organization: which enter, change and leave."""
        viewer = info.context.viewer
        if organization not in viewer.organizations:
            raise _not_permitted("您不是该单位的经办人", "you do not work for this organization")
        events = await _listen(
            info, after,
            lambda event: event.county in viewer.counties and event.organization_code in (None, organization),
        )  # fmt: skip
        return _assignment_inbox(info, organization, events)


async def _case_changes(info: Info, sight: Sight, events: AsyncIterator[FeedEvent]) -> AsyncIterator[CaseChange]:
    services: FeedServices = info.context.services
    async for event in events:
        sight.turn_to(event, services.now())
        if None in await sight.nodes(_SEEN, [_id_of(event), _case_of(event)]):
            continue
        yield CaseChange(cursor=event.cursor, event=_reference(_id_of(event)), case=_reference(_case_of(event)))


async def _case_board(info: Info, division: str, events: AsyncIterator[FeedEvent]) -> AsyncIterator[CaseBoardChange]:
    sight, told = Sight(info), Told()
    services: FeedServices = info.context.services
    async for event in events:
        sight.turn_to(event, services.now())
        identifier = _case_of(event)
        step, node = await sight.nodes(_CASES, [_id_of(event), identifier])
        row = None if node is None else case_row(node, division)
        change = told.change(str(identifier), row, event, seen=step is not None)
        if change is not None:
            yield CaseBoardChange(
                cursor=event.cursor, change=change, id=strawberry.ID(str(identifier)),
                event=_reference(_id_of(event)), case=_reference(identifier),
            )  # fmt: skip


async def _whistle_board(
    info: Info, division: str, events: AsyncIterator[FeedEvent]
) -> AsyncIterator[WhistleBoardChange]:
    sight, told = Sight(info), Told()
    services: FeedServices = info.context.services
    async for event in events:
        sight.turn_to(event, services.now())
        identifier = GlobalId("Whistle", event.county, str(event.whistle_id))
        step, node = await sight.nodes(_WHISTLES, [_id_of(event), identifier])
        row = None if node is None else whistle_row(node, division)
        change = told.change(str(identifier), row, event, seen=step is not None)
        if change is not None:
            yield WhistleBoardChange(
                cursor=event.cursor, change=change, id=strawberry.ID(str(identifier)),
                event=_reference(_id_of(event)), whistle=_reference(identifier),
            )  # fmt: skip


async def _assignment_inbox(
    info: Info, organization: str, events: AsyncIterator[FeedEvent]
) -> AsyncIterator[AssignmentInboxChange]:
    sight, told = Sight(info), Told()
    services: FeedServices = info.context.services
    async for event in events:
        sight.turn_to(event, services.now())
        parts = await _parts(sight, organization, event)
        if not parts:
            continue
        step, *nodes = await sight.nodes(_ASSIGNMENTS, [_id_of(event), *parts])
        for node in filter(None, nodes):
            row = assignment_row(node)
            own = event.organization_code == organization
            change = told.change(row.id, row, event, seen=step is not None, about=own)
            if change is not None:
                yield AssignmentInboxChange(
                    cursor=event.cursor, change=change, id=node["id"], event=_reference(_id_of(event)),
                    assignment=_reference(decode_as(node["id"], "Assignment", shared=False)),
                )  # fmt: skip


async def _listen(info: Info, after: str | None, wanted: Callable[[FeedEvent], bool]) -> AsyncIterator[FeedEvent]:
    """The wanted events after a cursor, or after the position of now, which is taken before this returns."""
    services: FeedServices = info.context.services
    with _told_to_clients():
        cursor = await services.feed.resume_at(after)
    return _events(services.feed, cursor, wanted)


async def _events(feed: Feed, after: str, wanted: Callable[[FeedEvent], bool]) -> AsyncIterator[FeedEvent]:
    with _told_to_clients():
        async for event in feed.subscribe(after, wanted):
            yield event


@contextmanager
def _told_to_clients() -> Iterator[None]:
    """What the feed refuses is a mistake of the client, with a code of its own."""
    try:
        yield
    except MalformedCursor as error:
        raise _client_error("INVALID_CURSOR", error) from error
    except CursorExpired as error:
        raise _client_error("CURSOR_EXPIRED", error) from error
    except SubscriberTooSlow as error:
        raise _client_error("SUBSCRIBER_TOO_SLOW", error) from error


async def _parts(sight: Sight, organization: str, event: FeedEvent) -> list[GlobalId]:
    """The assignments that an organization has in the event's case, also one that has been taken from it since."""
    row = await sight.row(_PARTS, event.county, event.case_id, event.at)
    assert row is not None, "an aggregate has one row"
    return [
        GlobalId("Assignment", event.county, str(part))
        for code, part in zip(row["organizations"], row["parts"], strict=True) if code == organization
    ]  # fmt: skip


def _case_id(viewer: Viewer, text: str) -> GlobalId:
    identifier = decode_as(text, "Case", shared=False)
    if identifier.county not in viewer.counties:
        raise _not_found(text)
    return identifier


def _check_division(viewer: Viewer, code: str) -> None:
    if not (len(code) in (12, 15) and code.isascii() and code.isdigit()):
        raise invalid_input("division", "须为区划代码或网格代码", "must be the code of a division or a grid")
    if not any(grant.covers(code) for grant in viewer.grants):
        raise _not_permitted("不在您的授权范围内", "the division lies outside your scope")


def _near(division: str) -> Callable[[FeedEvent], bool]:
    """Events of the division's street or above; whether the row lies in the division itself is asked of the row."""
    county, prefix = county_of(division), prefix_of(division)[:9]
    return lambda event: event.county == county and event.street_code.startswith(prefix)


def _id_of(event: FeedEvent) -> GlobalId:
    return GlobalId("CaseEvent", event.county, f"{event.case_id}:{event.seq}")


def _case_of(event: FeedEvent) -> GlobalId:
    return GlobalId("Case", event.county, str(event.case_id))


def _reference(identifier: GlobalId) -> Any:
    return StoredRef(identifier.type, identifier.county, identifier.key)


def _client_error(code: ErrorCode, error: DomainError) -> ClientError:
    return ClientError(code, error.message, error.english)


def _not_found(text: str) -> ClientError:
    return ClientError("NOT_FOUND", f"未找到：{text[:80]}", f"not found: {text[:80]}")


def _not_permitted(message: str, english: str) -> ClientError:
    return ClientError("NOT_PERMITTED", message, english)
