"""Community admission 社区准入 (L-26): a department asks to place work on communities, a leader of the street decides."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from shaodao.commands.checking import checked_text, optional_text
from shaodao.commands.registration import check_category
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.case_vocabulary import AdmissionState
from shaodao.domain.errors import Faults, NotFound, NotPermitted, StateConflict
from shaodao.domain.permissions import county_of
from shaodao.domain.routing_permissions import may_decide_admission, may_request_admission

_COMMUNITIES = "SELECT code FROM divisions WHERE level = 'COMMUNITY' AND code = ANY($1::text[])"
_REQUEST = """
INSERT INTO community_admission (
    county_code, id, organization_code, name, category_code, content, legal_basis, street_code, community_codes, valid_from,
    valid_to, state, requested_by, requested_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'REQUESTED', $12, $13)
"""
_LOCK = """
SELECT street_code, organization_code, state, requested_by FROM community_admission WHERE county_code = $1 AND id = $2 FOR UPDATE
"""
_DECIDE = """
UPDATE community_admission SET state = $3, decided_by = $4, decided_at = $5, decision_text = $6
WHERE county_code = $1 AND id = $2
"""


class AdmissionInput(msgspec.Struct, frozen=True, kw_only=True):
    """What a department asks for: work of a category, on communities of one street, from day to day (both included)."""

    organization_code: str
    name: str
    category_code: str
    content: str
    legal_basis: str
    community_codes: Sequence[str]
    valid_to: date
    valid_from: date | None = None


async def request_admission(tx: Transaction, given: AdmissionInput) -> Outcome:
    """Ask to place work on communities 申请社区准入, as the organization's handler; the outcome names it by ``record_id``.

    Raises NotPermitted, InvalidInput at ``name``, ``content``, ``legalBasis``, ``categoryCode``, ``communityCodes.<index>``
    and ``validTo``.
    """
    if not may_request_admission(tx.actor, given.organization_code):
        raise NotPermitted("须由该单位的经办人申请", "only a handler of the organization asks for its admission")
    faults, texts = Faults(), tx.ground.rulebook.texts
    name = checked_text(faults, "name", given.name, texts.name)
    content = checked_text(faults, "content", given.content, texts.explanation)
    basis = checked_text(faults, "legalBasis", given.legal_basis, texts.reason)
    await check_category(tx, faults, given.category_code)
    street = await _check_communities(tx, faults, given.community_codes)
    since = given.valid_from or tx.today
    if given.valid_to < max(since, tx.today):
        faults.add("validTo", "截止日期不能早于起始日期或今天", "it must not end before it begins, nor in the past")
    faults.check()
    admission_id = tx.new_id()
    await tx.connection.execute(
        _REQUEST, tx.county, admission_id, given.organization_code, name, given.category_code, content, basis, street,
        list(given.community_codes), since, given.valid_to, tx.actor.account_id, tx.now,
    )  # fmt: skip
    return Outcome(county_code=tx.county, record_id=admission_id)


async def decide_admission(tx: Transaction, admission_id: UUID, *, granted: bool, text: str | None = None) -> Outcome:
    """Admit the work to the communities, or not 准入审批; granted, a dispatch may place it there while it is valid.

    By a leader of the street who did not ask for it; a refusal says why. Raises NotFound, NotPermitted, InvalidInput at
    ``text``, StateConflict for one that is decided.
    """
    row = await tx.connection.fetchrow(_LOCK, tx.county, admission_id)
    if row is None:
        raise NotFound("CommunityAdmission", str(admission_id))
    if not may_decide_admission(tx.actor, row["street_code"], row["requested_by"]):
        raise NotPermitted("须由本街道领导审批，且不得为申请人", "a leader of the street decides, and never who asked")
    faults, limit = Faults(), tx.ground.rulebook.texts.reason
    opinion = optional_text(faults, "text", text, limit) if granted else checked_text(faults, "text", text or "", limit)
    faults.check()
    if row["state"] != AdmissionState.REQUESTED:
        raise StateConflict("该申请已有决定", "the request is decided already", state=row["state"], version=0)
    state = AdmissionState.GRANTED if granted else AdmissionState.REFUSED
    await tx.connection.execute(_DECIDE, tx.county, admission_id, str(state), tx.actor.account_id, tx.now, opinion)
    return Outcome(county_code=tx.county, record_id=admission_id)


async def _check_communities(tx: Transaction, faults: Faults, codes: Sequence[str]) -> str:
    """The street of the communities, of which there is at least one, each known and named once."""
    if not codes:
        faults.add("communityCodes", "至少列一个社区", "name at least one community")
        return ""
    known = {row["code"] for row in await tx.connection.fetch(_COMMUNITIES, list(codes))}
    for index, code in enumerate(codes):
        path = f"communityCodes.{index}"
        if code not in known or county_of(code) != tx.county:
            faults.add(path, "本县(区)没有此社区", "there is no such community in the county")
        elif code in codes[:index]:
            faults.add(path, "同一社区只能列一次", "a community is named once")
        elif code[:9] != codes[0][:9]:
            faults.add(path, "须为同一街道的社区", "the communities must be of one street")
    return f"{codes[0][:9]}000"
