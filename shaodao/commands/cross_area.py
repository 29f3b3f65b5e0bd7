"""Joint whistles of two counties 跨区联合哨 (reference B.1, C.2.3): one whistle in either county, linked.

No command writes in two counties (scale.md, rule 12). The inviting street's approval writes a link in its own county. Each
side's linker tells the other how its side stands, by a command in the other's county; the first telling registers the case
there. The invited street then drafts its own CROSS_AREA whistle on that case, with its own departments and its own approval.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from shaodao.commands import registration
from shaodao.commands.history import Entry, record
from shaodao.commands.registration import CaseInput
from shaodao.commands.transaction import Connection, Outcome, Transaction
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.case_vocabulary import LinkDirection
from shaodao.domain.errors import Faults, InvalidInput, NotFound
from shaodao.domain.facts import CaseFacts, WhistleFacts
from shaodao.domain.identity import redact
from shaodao.domain.permissions import county_of
from shaodao.domain.publishing import RESTRICTED
from shaodao.domain.vocabulary import (
    CaseKind,
    CaseState,
    CaseVisibility,
    Channel,
    Role,
    Urgency,
    WhistleKind,
    WhistleState,
)

_IS_STREET = "SELECT EXISTS (SELECT FROM divisions WHERE code = $1 AND level = 'STREET')"
_INVITATION = """
SELECT l.partner_street_code, l.whistle_id, w.state
FROM cross_area_link l
LEFT JOIN whistle w ON w.county_code = $1 AND w.county_code = l.county_code AND w.id = l.whistle_id
WHERE l.county_code = $1 AND l.case_id = $2 AND l.direction = 'INVITED'
"""
_ANSWER = "UPDATE cross_area_link SET whistle_id = $3 WHERE county_code = $1 AND case_id = $2 AND direction = 'INVITED'"
_LINK = """
INSERT INTO cross_area_link (
    county_code, id, direction, case_id, whistle_id, street_code, partner_county_code, partner_street_code, linked_at
) SELECT $1, $2, 'INVITING', case_id, id, street_code, partner_county_code, partner_street_code, $3
FROM whistle WHERE county_code = $1 AND id = $2
"""
_BE_LINKED = """
INSERT INTO cross_area_link (
    county_code, id, direction, case_id, street_code, partner_county_code, partner_street_code, partner_case_number,
    partner_case_state, partner_number, partner_state, partner_at, heard_turn, linked_at
) VALUES ($1, $2, 'INVITED', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $11)
"""
_HEARD_OF = "SELECT case_id FROM cross_area_link WHERE county_code = $1 AND id = $2"
_LOCK_CASE = "SELECT 1 FROM case_file WHERE county_code = $1 AND id = $2 FOR UPDATE"
# Never waited for: whoever holds it tells the other side, and may wait for this one.
_TAKE_LINK = """
SELECT whistle_id, heard_turn FROM cross_area_link WHERE county_code = $1 AND id = $2 FOR UPDATE SKIP LOCKED
"""
_HEAR = """
UPDATE cross_area_link SET partner_case_number = $3, partner_case_state = $4, partner_number = $5, partner_state = $6,
    partner_at = $7, heard_turn = $8
WHERE county_code = $1 AND id = $2
"""
_POINT_BACK = "UPDATE whistle SET partner_whistle_id = $3 WHERE county_code = $1 AND id = $2"
_TO_TELL = """
SELECT l.id, l.direction, l.street_code, l.partner_county_code, l.partner_street_code, l.told_turn + 1 AS turn,
    c.number AS case_number, c.state AS case_state, c.title, c.visibility, c.category_code, c.urgency, w.id AS whistle_id, w.number,
    w.state, w.reason, w.place, w.assemble_at, concat_ws('/', c.state, w.number, w.state) AS standing
FROM cross_area_link l
JOIN case_file c ON c.county_code = $1 AND c.county_code = l.county_code AND c.id = l.case_id
LEFT JOIN whistle w ON w.county_code = $1 AND w.county_code = l.county_code AND w.id = l.whistle_id
WHERE l.county_code = $1 AND l.id = $2 FOR UPDATE OF l SKIP LOCKED
"""
_TOLD = """
UPDATE cross_area_link SET told = $3, told_turn = $4, ended = $5 WHERE county_code = $1 AND id = $2
"""
_STREET_NAME = "SELECT name FROM divisions WHERE code = $1"
_DEAD = frozenset({WhistleState.REJECTED, WhistleState.WITHDRAWN})
_OVER = frozenset({CaseState.ARCHIVED, CaseState.CANCELLED})


class LinkBusy(Exception):
    """The link is being told by its own side just now; come back."""


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """How one side of a link stands, as it tells the other. ``turn`` counts what a side tells; no personal data is in it."""

    id: UUID
    direction: LinkDirection
    street_code: str
    partner_county_code: int
    partner_street_code: str
    turn: int
    case_number: str
    case_state: CaseState
    title: str
    visibility: CaseVisibility
    urgency: Urgency
    standing: str
    category_code: str | None = None
    whistle_id: UUID | None = None
    number: str | None = None
    state: WhistleState | None = None
    reason: str | None = None
    place: str | None = None
    assemble_at: datetime | None = None


async def checked_partner(
    tx: Transaction, faults: Faults, case: CaseFacts, kind: WhistleKind, street_code: str | None
) -> str | None:
    """The street of another county that a CROSS_AREA whistle is blown with; the inviting one on a case that came by invitation.

    Notes faults at ``partnerStreetCode``.
    """
    if kind is not WhistleKind.CROSS_AREA:
        if street_code is not None:
            faults.add("partnerStreetCode", "仅跨区联合哨有联合街道", "only a CROSS_AREA whistle has a partner")
        return None
    invitation = await tx.connection.fetchrow(_INVITATION, tx.county, case.id)
    if invitation is not None:
        inviting: str = invitation["partner_street_code"]
        if street_code not in (None, inviting):
            faults.add("partnerStreetCode", "本案由另一街道邀请", "another street invited to this case")
        return inviting
    if street_code is None or not await tx.connection.fetchval(_IS_STREET, street_code):
        faults.add("partnerStreetCode", "须指明联合的乡镇（街道）", "name the street to blow the whistle with")
    elif county_of(street_code) == tx.county:
        faults.add("partnerStreetCode", "联合街道须在其他县（区）", "the partner lies in another county")
    return street_code


async def answer_invitation(tx: Transaction, case: CaseFacts, whistle_id: UUID) -> None:
    """Link a fresh CROSS_AREA whistle to the invitation by which its case came, if it did.

    Raises InvalidInput at ``kind`` where another whistle answers it already, unless that was rejected or withdrawn.
    """
    invitation = await tx.connection.fetchrow(_INVITATION, tx.county, case.id)
    if invitation is None:
        return
    if invitation["state"] is not None and WhistleState[invitation["state"]] not in _DEAD:
        raise InvalidInput.at("kind", "本案已有联合哨", "another whistle of this case answers the invitation")
    await tx.connection.execute(_ANSWER, tx.county, case.id, whistle_id)


async def invite(tx: Transaction, facts: WhistleFacts) -> None:
    """Link a blown CROSS_AREA whistle to its partner's county, whose street hears of it by that; an answer invites nobody."""
    if await tx.connection.fetchrow(_INVITATION, tx.county, facts.case.id) is None:
        await tx.connection.execute(_LINK, tx.county, facts.id, tx.now)


async def hear(tx: Transaction, telling: Telling) -> Outcome:
    """Take in how the other side of a link stands; the first time, register the case 跨区联合 of the invitation.

    By the system. What was heard before changes nothing. Raises LinkBusy.
    """
    case_id = await tx.connection.fetchval(_HEARD_OF, tx.county, telling.id)
    if case_id is None:
        return await _register(tx, telling)
    await tx.connection.fetchval(_LOCK_CASE, tx.county, case_id)
    link = await tx.connection.fetchrow(_TAKE_LINK, tx.county, telling.id)
    if link is None:
        raise LinkBusy
    if link["heard_turn"] < telling.turn:
        await tx.connection.execute(_HEAR, tx.county, telling.id, *_standing(telling), tx.now, telling.turn)
        await tx.connection.execute(_POINT_BACK, tx.county, link["whistle_id"], telling.whistle_id)
        await record(tx, case_id, await _heard(tx, telling, link["whistle_id"]))
    return Outcome(county_code=tx.county, case_id=case_id)


async def to_tell(connection: Connection, county: int, link_id: UUID) -> Telling | None:
    """How this side of a link stands, the link locked until the transaction ends; None: somebody else tells it now."""
    row = await connection.fetchrow(_TO_TELL, county, link_id)
    return (
        None
        if row is None
        else msgspec.convert({name: value for name, value in row.items() if value is not None}, Telling)
    )


async def mark_told(connection: Connection, county: int, telling: Telling) -> None:
    """Keep what the other side has heard. A case that is over has nothing more to tell."""
    over = telling.case_state in _OVER
    await connection.execute(_TOLD, county, telling.id, telling.standing, telling.turn, over)


async def _register(tx: Transaction, telling: Telling) -> Outcome:
    if telling.direction is not LinkDirection.INVITING:
        raise NotFound("CrossAreaLink", str(telling.id))
    outcome = await registration.register_first(tx, await _invited_case(tx, telling))
    await tx.connection.execute(
        _BE_LINKED, tx.county, telling.id, outcome.case_id, telling.partner_street_code, county_of(telling.street_code),
        telling.street_code, *_standing(telling), tx.now, telling.turn,
    )  # fmt: skip
    return outcome


async def _invited_case(tx: Transaction, telling: Telling) -> CaseInput:
    """The case as the invited street gets it: what a department would read of it too, and no more.

    What is about a child or a special group is so there too: the street's alone.
    """
    texts = tx.ground.rulebook.texts
    title = telling.title if telling.visibility is CaseVisibility.NORMAL else "跨区联合处置事项"
    parts = [f"{await _street_name(tx, telling)}吹跨区联合哨 {telling.number}，邀请联合处置", f"事由：{telling.reason}"]
    if telling.assemble_at is not None:
        local = telling.assemble_at.astimezone(SHANGHAI)
        parts.append(f"集结时间：{local.month}月{local.day}日{local:%H:%M}")
    if telling.place is not None:
        parts.append(f"集结地点：{telling.place}")
    return CaseInput(
        kind=CaseKind.EVENT, channel=Channel.DEPARTMENT, title=redact(title)[: texts.title],
        description=redact("；".join(parts) + "。")[: texts.description], urgency=telling.urgency,
        category_code=telling.category_code, division_code=telling.partner_street_code, source_reference=telling.case_number,
        visibility=telling.visibility if telling.visibility in RESTRICTED else CaseVisibility.NORMAL,
    )  # fmt: skip


async def _heard(tx: Transaction, telling: Telling, whistle_id: UUID | None) -> Entry:
    stands = telling.case_state.label if telling.state is None else telling.state.label
    what = f"哨 {telling.number}" if telling.number else f"案件 {telling.case_number}"
    return Entry(
        "crossAreaHeard", f"{await _street_name(tx, telling)}联合{what}：{stands}", whistle_id=whistle_id, role=Role.SYSTEM,
        payload={"number": telling.number, "state": telling.state, "case_number": telling.case_number},
    )  # fmt: skip


async def _street_name(tx: Transaction, telling: Telling) -> str:
    return str(await tx.connection.fetchval(_STREET_NAME, telling.street_code))


def _standing(telling: Telling) -> tuple[str | None, ...]:
    state = None if telling.state is None else str(telling.state)
    return telling.case_number, str(telling.case_state), telling.number, state
