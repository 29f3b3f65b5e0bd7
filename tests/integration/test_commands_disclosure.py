"""Public or confidential, and the party complained about (C.7 guardrails 4 and 5)."""

from typing import Any
from uuid import UUID

import pytest

from shaodao.commands import cases
from shaodao.commands.disclosure import set_disclosure
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.registration import AccusedInput
from shaodao.domain.errors import InvalidInput, NotPermitted
from shaodao.domain.vocabulary import CaseKind, CaseVisibility
from tests.integration import whistle_steps
from tests.integration.case_steps import (
    BASIS,
    CO,
    INFORM,
    LEAD,
    WORKER,
    Step,
    accepted,
    case_row,
    dispatched,
    do,
    last_event,
    paths,
    refused,
    registered,
)
from tests.integration.conftest import Street


def setting(case_id: UUID, **given: Any) -> Step:
    return lambda tx: set_disclosure(tx, case_id, **({"reason": "诉求人要求"} | given))


async def test_a_case_is_made_public_and_confidential_ends_that(street: Street) -> None:
    case_id = await dispatched(street, description="沈例宽（10000010014）反映车辆占道。")
    await do(street, setting(case_id, public=True))
    assert (await case_row(street, case_id))["public"] is True
    await do(street, setting(case_id, confidential=True))
    row = await case_row(street, case_id)
    assert (row["public"], row["confidential"], row["visibility"]) == (False, True, "CONFIDENTIAL_REPORTER")
    # From now on departments read neither who it was nor how to call them.
    assert row["description"] == "沈**（100****0014）反映车辆占道。"
    event = await last_event(street, case_id)
    assert (event["text"], event["public"]) == ("吕示衡设定案件不公开、诉求人保密", False)
    assert paths(await refused(street, case_id, InvalidInput, setting(case_id, public=True))) == {"public"}
    await do(street, setting(case_id, public=True, confidential=False))
    row = await case_row(street, case_id)
    assert (row["public"], row["confidential"], row["visibility"]) == (True, False, "NORMAL")


async def test_what_is_never_public(street: Street) -> None:
    """Guardrail 4: minors, mediation, special groups and confidential cases never appear."""
    minor = await registered(street, visibility=CaseVisibility.RESTRICTED_MINOR)
    for case_id in (minor, await registered(street, kind=CaseKind.DISPUTE)):
        assert paths(await refused(street, case_id, InvalidInput, setting(case_id, public=True))) == {"public"}
    plain = await registered(street)
    both = await refused(street, plain, InvalidInput, setting(plain, public=True, confidential=True, reason=" "))
    assert paths(both) == {"public", "reason"}
    assert paths(await refused(street, plain, InvalidInput, setting(plain))) == {"public"}
    await refused(street, plain, NotPermitted, setting(plain, confidential=True), WORKER)
    # Lifting it never loosens a stricter class.
    await do(street, setting(minor, confidential=True))
    await do(street, setting(minor, confidential=False))
    assert (await case_row(street, minor))["visibility"] == "RESTRICTED_MINOR"


async def test_the_accused_organization_is_called_for_nothing(street: Street) -> None:
    """Guardrail 5, 回避: dispatched or whistled, as LEAD, to help or only to know."""
    case_id = await accepted(street, accused=AccusedInput(name="甲示一", organization_code="CG"))
    row = await case_row(street, case_id)
    assert (row["accused_name"], row["accused_organization_code"]) == ("甲示一", "CG")
    for role in (CO, INFORM):
        parties = [PartyInput("JJ", LEAD), PartyInput("CG", role)]
        step: Step = lambda tx, them=parties: cases.dispatch(  # type: ignore[misc]  # noqa: E731
            tx, case_id, parties=them, duty_basis=BASIS
        )
        assert paths(await refused(street, case_id, InvalidInput, step)) == {"parties.1.organizationCode"}
    with pytest.raises(InvalidInput) as caught:
        await whistle_steps.drafted(street, case_id)
    assert paths(caught) == {"parties.0.organizationCode"}
    await do(
        street, lambda tx: cases.dispatch(tx, case_id, parties=[PartyInput("JJ", LEAD)], duty_basis=BASIS)
    )  # fmt: skip


async def test_an_accused_party_is_named(street: Street) -> None:
    for accused, path in (
        (AccusedInput(), "accusedParty"),
        (AccusedInput(name=" "), "accusedParty"),
        (AccusedInput(name="x" * 51), "accusedParty.name"),
        (AccusedInput(organization_code="NONE"), "accusedParty.organizationCode"),
    ):
        with pytest.raises(InvalidInput) as caught:
            await registered(street, accused=accused)
        assert path in paths(caught)
