"""Whether a case may be published 公开 and whether its reporter is confidential 保密 (reference C.7 guardrails 4 and 5)."""

from typing import LiteralString
from uuid import UUID

import asyncpg

from shaodao.commands.case_steps import CaseStep, case_outcome, decide_case, record_case
from shaodao.commands.checking import checked_text
from shaodao.commands.reporters import name_in_clear
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.errors import Faults
from shaodao.domain.identity import mask_name, redact
from shaodao.domain.publishing import RESTRICTED, obstacle
from shaodao.domain.vocabulary import CaseKind, CaseVisibility

_READ = """
SELECT public, confidential, visibility, kind, title, description, address, reporter_name_sealed
FROM case_file WHERE county_code = $1 AND id = $2
"""
_SET = """
UPDATE case_file SET public = $4, confidential = $5, visibility = $6, version = version + 1, updated_at = $3
WHERE county_code = $1 AND id = $2
"""
_UNNAME_ELSEWHERE: tuple[LiteralString, ...] = (
    "UPDATE whistle SET reason = replace(reason, $3, $4), place = replace(place, $3, $4) WHERE county_code = $1 AND case_id = $2",
    "UPDATE meeting SET topic = replace(topic, $3, $4), decision = replace(decision, $3, $4)"
    " WHERE county_code = $1 AND case_id = $2",
    "UPDATE promise SET content = replace(content, $3, $4) WHERE county_code = $1 AND case_id = $2",
)
_UNNAME = "UPDATE case_file SET title = $3, description = $4, address = $5 WHERE county_code = $1 AND id = $2"


async def set_disclosure(
    tx: Transaction, case_id: UUID, *, public: bool | None = None, confidential: bool | None = None, reason: str,
    expected_version: int | None = None,
) -> Outcome:  # fmt: skip
    """Say whether a case may be published, and whether its reporter is confidential; None leaves a thing as it is.

    Never public: what is about a minor or a special group, a confidential case, a dispute that is mediated (guardrail 4); a
    public case that becomes confidential is public no more. From when it is confidential no department reads who reported it
    (guardrail 5), and the name, phones and identity numbers in its title, description and address are masked, as is the name
    in its whistles, meetings and promises. That a reporter is confidential no more, the reporter reads in the history. Raises
    InvalidInput at ``public``, ``confidential`` and ``reason``, NotPermitted, StateConflict.
    """
    facts = await decide_case(tx, "setDisclosure", case_id, expected_version)
    row = await tx.connection.fetchrow(_READ, tx.county, case_id)
    assert row is not None  # locked
    kept_secret = row["confidential"] if confidential is None else confidential
    why = _checked(tx, row, public, confidential, reason)
    published = (row["public"] if public is None else public) and not kept_secret
    await tx.connection.execute(
        _SET, tx.county, case_id, tx.now, published, kept_secret, _visibility(row["visibility"], kept_secret)
    )  # fmt: skip
    if kept_secret and not row["confidential"]:
        await _unname(tx, case_id, row)
    text = f"{tx.actor.name}设定案件{'公开' if published else '不公开'}、诉求人{'保密' if kept_secret else '不保密'}"
    payload = {"public": published, "confidential": kept_secret}
    lifted = row["confidential"] and not kept_secret
    await record_case(
        tx, facts, CaseStep("setDisclosure", "setDisclosure", text, public=lifted, detail=f"理由：{why}", payload=payload)
    )  # fmt: skip
    return await case_outcome(tx, case_id)


def _checked(tx: Transaction, row: asyncpg.Record, public: bool | None, confidential: bool | None, reason: str) -> str:
    """The reason, cleaned, when what is asked for may be."""
    faults = Faults()
    if public is None and confidential is None:
        faults.add("public", "请设定公开或保密", "say whether it is public, or confidential")
    kept_secret = row["confidential"] if confidential is None else confidential
    never = obstacle(CaseKind[row["kind"]], CaseVisibility[row["visibility"]], kept_secret)
    if public and never is not None:
        faults.add("public", *never)
    why = checked_text(faults, "reason", reason, tx.ground.rulebook.texts.reason)
    faults.check()
    return why


def _visibility(present: str, confidential: bool) -> str:
    """A stricter class stays as it is."""
    if CaseVisibility[present] in RESTRICTED:
        return present
    return str(CaseVisibility.CONFIDENTIAL_REPORTER if confidential else CaseVisibility.NORMAL)


async def _unname(tx: Transaction, case_id: UUID, row: asyncpg.Record) -> None:
    """Departments read these texts: they must no more tell who it is."""
    name = name_in_clear(tx, case_id, row["reporter_name_sealed"])
    texts = [row[column] and _unnamed(row[column], name) for column in ("title", "description", "address")]
    await tx.connection.execute(_UNNAME, tx.county, case_id, *texts)
    if name and len(name) > 1:
        for statement in _UNNAME_ELSEWHERE:
            await tx.connection.execute(statement, tx.county, case_id, name, mask_name(name))


def _unnamed(text: str, name: str | None) -> str:
    return redact(text.replace(name, mask_name(name)) if name and len(name) > 1 else text)
