"""The page docs/actions.md: every action of the three machines with its guard, written from the transition tables themselves."""

import inspect
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from schema.actions import mutation_name
from shaodao.domain import assignment_machine, case_machine, whistle_machine
from shaodao.domain.assignment_machine import ASSIGNMENT_MACHINE
from shaodao.domain.case_machine import CASE_MACHINE
from shaodao.domain.machine import Machine, Part, Party, Step
from shaodao.domain.whistle_machine import WHISTLE_MACHINE

_HEAD = """# Every action, with its guard

Written by `make schema` from the transition tables in `shaodao/domain`; do not edit it by hand. An action is a mutation. It is
allowed from the states of its row, to the people of its row within their scope, when every guard of its row holds; what else a
command checks (texts, times, limits of the rulebook) is told in the mutation's description in `schema/schema.graphql`. `Case`,
`Whistle` and `Assignment` answer the same question for one viewer at one moment with `availableActions`.

Steps without a row are computed: an assignment's step moves its whistle and its case in the same transaction (reference C.3, C.4).
"""
_TITLES = {"case": "Case 事件/诉求 (C.3)", "whistle": "Whistle 吹哨 (C.4)", "assignment": "Assignment 报到 (C.4)"}
_OPEN: Mapping[str, frozenset[Any]] = {
    "case": case_machine.OPEN, "whistle": whistle_machine.OPEN, "assignment": assignment_machine.OPEN,
}  # fmt: skip
_PARTS = {
    Part.FIRST_RECEIVER: "who received it first 首接人",
    Part.REPORTER: "who reported it 诉求人",
    Part.DRAFTER: "who drafted it 起草人",
    Part.ORGANIZATION: "of an organization at work on it",
    Part.LEAD: "of the LEAD 主办",
    Part.AGENT: "as the agent 代办人",
}


def actions_page() -> str:
    """The page as Markdown."""
    machines: tuple[Machine[Any, Any], ...] = (CASE_MACHINE, WHISTLE_MACHINE, ASSIGNMENT_MACHINE)
    return "\n".join([_HEAD, *(line for machine in machines for line in _table(machine))])


def main() -> None:
    """Print the page."""
    sys.stdout.write(actions_page())


def _table(machine: Machine[Any, Any]) -> Iterator[str]:
    yield f"## {_TITLES[machine.name]}\n"
    yield "| Mutation | Action | From | To | Who | Guards |"
    yield "|---|---|---|---|---|---|"
    for step in machine.steps:
        yield f"| {' | '.join(_cells(machine.name, step))} |"
    yield ""


def _cells(machine: str, step: Step[Any, Any]) -> tuple[str, ...]:
    to = "the same" if step.target is None else str(step.target)
    guards = " ".join(_first_sentence(guard) for guard in step.guards) or "–"
    who = "; ".join(dict.fromkeys(map(_who, step.who)))
    return f"`{mutation_name(machine, step.action)}`", step.label, _sources(machine, step), to, who, guards


def _sources(machine: str, step: Step[Any, Any]) -> str:
    """The states in the order of their enumeration; those of an open case, whistle or assignment as ``any open``."""
    states = type(next(iter(step.sources)))
    named = [state for state in states if state in step.sources]
    if step.sources >= _OPEN[machine]:
        named = ["any open", *(state for state in named if state not in _OPEN[machine])]
    return ", ".join(named)


def _who(party: Party) -> str:
    ranks = f" ({', '.join(party.ranks)})" if party.ranks else ""
    part = f", {_PARTS[party.part]}" if party.part else ""
    return f"{party.role}{ranks}{part}"


def _first_sentence(guard: Any) -> str:
    return (inspect.getdoc(guard) or "").split("\n\n")[0].replace("\n", " ")


if __name__ == "__main__":
    main()
