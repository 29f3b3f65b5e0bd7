"""Emergency templates 应急预案: whom an emergency whistle calls unless its departments are named (reference C.4 blowEmergency)."""

from collections.abc import Iterable
from dataclasses import dataclass

from shaodao.commands.dispatching import PartyInput
from shaodao.commands.transaction import Transaction
from shaodao.domain.facts import CaseFacts
from shaodao.domain.vocabulary import AreaKind, AssignmentRole

_TEMPLATES = """
SELECT code, name, category_code, area_kind, keywords, lead_organization_code, co_organization_codes, emergency_line
FROM whistle_templates ORDER BY sort, code
"""
_SCENE = """
SELECT c.title || E'\\n' || c.description AS words, g.area_kind
FROM case_file c LEFT JOIN grid g ON g.county_code = c.county_code AND g.code = c.grid_code
WHERE c.county_code = $1 AND c.id = $2
"""


@dataclass(frozen=True)
class EmergencyTemplate:
    """One template. ``emergency_line``: the number to dial besides, 110, 119 or 12395 (C.9 point 7)."""

    code: str
    name: str
    category_code: str | None
    area_kind: AreaKind | None
    keywords: tuple[str, ...]
    parties: tuple[PartyInput, ...]
    emergency_line: str


@dataclass(frozen=True)
class Scene:
    """What is known where an emergency is: the kind of area, the category, and the words in which it was told."""

    area_kind: AreaKind | None
    category_code: str | None
    words: str


async def template_for(tx: Transaction, case: CaseFacts, reason: str) -> EmergencyTemplate | None:
    """The template that fits the case best; None when no template fits at all."""
    rows = await tx.connection.fetch(_TEMPLATES)
    side = await tx.connection.fetchrow(_SCENE, tx.county, case.id)
    assert side is not None  # the case is locked
    area = None if side["area_kind"] is None else AreaKind[side["area_kind"]]
    templates = [
        EmergencyTemplate(
            row["code"], row["name"], row["category_code"], None if row["area_kind"] is None else AreaKind[row["area_kind"]],
            tuple(row["keywords"]), _parties(row["lead_organization_code"], row["co_organization_codes"]), row["emergency_line"],
        )
        for row in rows
    ]  # fmt: skip
    return best_template(templates, Scene(area, case.category_code, f"{side['words']}\n{reason}"))


def best_template(templates: Iterable[EmergencyTemplate], scene: Scene) -> EmergencyTemplate | None:
    """The first of the templates, in their order, among those that fit best. At sea only a sea template fits.

    Best is one whose keyword was told, of the same category rather than of another; then one of the category; then one for
    anything, with neither category nor keywords.
    """
    ranked = [(_misfit(template, scene), template) for template in templates]
    fitting = [(misfit, template) for misfit, template in ranked if misfit is not None]
    return min(fitting, key=lambda pair: pair[0])[1] if fitting else None


def _misfit(template: EmergencyTemplate, scene: Scene) -> int | None:
    """How badly a template fits: the smaller the better; None: not at all."""
    if template.area_kind is not scene.area_kind and AreaKind.SEA in (template.area_kind, scene.area_kind):
        return None
    if template.area_kind not in (None, scene.area_kind):
        return None
    told = any(keyword in scene.words for keyword in template.keywords)
    same_category = template.category_code is not None and template.category_code == scene.category_code
    if told:
        return 0 if same_category else 1
    if same_category or template.area_kind is AreaKind.SEA:
        return 2
    return 3 if template.category_code is None and not template.keywords else None


def _parties(lead: str, others: Iterable[str]) -> tuple[PartyInput, ...]:
    cos = tuple(PartyInput(code, AssignmentRole.CO) for code in others)
    return (PartyInput(lead, AssignmentRole.LEAD), *cos)
