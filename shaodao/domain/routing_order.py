"""How routing rules 派单规则 stand to each other: one that another leaves nothing to, and one that hands a matter back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shaodao.domain.permissions import prefix_of
from shaodao.domain.routing import Matter, RoutingRule, explain, folded, matches, proposed

Ancestry = Mapping[str, tuple[str, ...]]
"""By the code of a category: itself and the categories above it."""


@dataclass(frozen=True)
class Ruling:
    """A granted objection 派单异议: ``removed`` had the matter, ``given_to`` got it; ``rule_code``: the rule made of it."""

    removed: str
    given_to: str
    matter: Matter
    decided_at: datetime
    rule_code: str | None = None


def covers(wide: RoutingRule, narrow: RoutingRule, ancestry: Ancestry) -> bool:
    """Whether every matter that ``narrow`` matches is matched by ``wide`` too, by their conditions alone."""
    return (
        (wide.category is None or wide.category in ancestry.get(narrow.category or "", ()))
        and wide.component in (None, narrow.component)
        and wide.area_kind in (None, narrow.area_kind)
        and (wide.area is None or (narrow.area or "").startswith(prefix_of(wide.area)))
        and (wide.hours is None or (narrow.hours is not None and narrow.hours.lie_within(wide.hours)))
        and _words_cover(wide.keywords, narrow.keywords)
    )


def shadowing(rules: Sequence[RoutingRule], candidate: RoutingRule, ancestry: Ancestry) -> RoutingRule | None:
    """The earlier rule that takes every matter of the candidate, which could then never be chosen."""
    earlier = sorted((rule for rule in rules if rule.order < candidate.order), key=lambda rule: rule.order)
    return next((rule for rule in earlier if covers(rule, candidate, ancestry)), None)


def switched_off(rules: Sequence[RoutingRule], candidate: RoutingRule, ancestry: Ancestry) -> tuple[RoutingRule, ...]:
    """The later rules from which the candidate would take every matter."""
    later = sorted((rule for rule in rules if rule.order > candidate.order), key=lambda rule: rule.order)
    return tuple(rule for rule in later if covers(candidate, rule, ancestry))


def handed_back(
    rules: Sequence[RoutingRule], candidate: RoutingRule, rulings: Sequence[Ruling], ancestry: Ancestry
) -> Ruling | None:
    """The ruling that the candidate goes against: it gives matters to the organization that the ruling took them from.

    That is so where the candidate would be the rule for the ruling's own matter, or where it stands before the rule made of
    the ruling and one of the two covers the other. The organization could object again and win again, so the matter would
    go to and fro. A later ruling that gave it such a matter ends the earlier one. ``rules``: those in force of other codes.
    """
    against = (ruling for ruling in rulings if ruling.removed == candidate.lead_organization)
    return next(
        (ruling for ruling in against if not _ended(ruling, candidate, rulings) and _undoes(rules, candidate, ruling, ancestry)),
        None,
    )  # fmt: skip


def _words_cover(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    """Whether a text that holds one of the narrow words always holds one of the wide ones."""
    if not wide:
        return True
    return bool(narrow) and all(any(folded(part) in folded(word) for part in wide) for word in narrow)


def _ended(ruling: Ruling, candidate: RoutingRule, rulings: Sequence[Ruling]) -> bool:
    return any(
        later.given_to == ruling.removed and later.decided_at > ruling.decided_at and matches(candidate, later.matter)
        for later in rulings
    )


def _undoes(rules: Sequence[RoutingRule], candidate: RoutingRule, ruling: Ruling, ancestry: Ancestry) -> bool:
    if proposed(explain([*rules, candidate], ruling.matter)) is candidate:
        return True
    made = next((rule for rule in rules if rule.code == ruling.rule_code), None)
    return (
        made is not None
        and candidate.order < made.order
        and (covers(candidate, made, ancestry) or covers(made, candidate, ancestry))
    )
