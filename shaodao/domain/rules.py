"""The rules themselves: who sees which rows and fields (reference C.7), each under the name by which a type refers to it."""

from collections.abc import Mapping

from shaodao.domain.permissions import (
    AllOf,
    AnyOf,
    Condition,
    Everything,
    InScope,
    Is,
    IsNot,
    Known,
    Linked,
    Mine,
    NotMine,
    Rule,
    Subject,
    Unknown,
)
from shaodao.domain.vocabulary import Role

_STAFF = (
    Role.GRID_WORKER, Role.GRID_CHIEF, Role.STREET_DISPATCHER, Role.STREET_LEADER,
    Role.FOLLOW_UP, Role.DEPT_HANDLER, Role.COUNTY_GRID_OFFICE,
)  # fmt: skip
_EVERYONE = (Role.RESIDENT, *_STAFF)

_OPEN_CASE = IsNot("visibility", ("RESTRICTED_MINOR", "RESTRICTED_SPECIAL"))
_OWN_ORGANIZATION = Mine("organization_code", Subject.ORGANIZATION)
# Whom the matter was taken from again has no more to do with it.
# An agent's assignment 全程代办 is the agent's own, and no concern of the organization that the agent works in.
_OWN_ASSIGNMENT = AllOf((_OWN_ORGANIZATION, Unknown("agent_id")))
_STILL_ASSIGNED = AllOf((_OWN_ASSIGNMENT, IsNot("state", ("REASSIGNED", "WITHDRAWN"))))
_ASSIGNED = Linked("assignment", "case_id", "id", _STILL_ASSIGNED)
_HANDLES = Linked("assignment", "case_id", "id", AllOf((_STILL_ASSIGNED, IsNot("role", ("INFORM",)))))
_CALLED_TO_MEETING = Linked("meeting_participant", "meeting_id", "id", _OWN_ORGANIZATION)
_OPEN_REPORTER = Is("confidential", (False,))
_AGENT = Mine("agent_id", Subject.ACCOUNT)
_NEAR = AllOf((InScope(), _OPEN_CASE, NotMine("accused_organization_code", Subject.ORGANIZATION)))
_CLOSED = Is("state", ("CLOSED", "FOLLOWED_UP", "ARCHIVED"))
_GRANTED = Is("decision", ("GRANTED",))
_HANDLING_CLOCK = Is("kind", ("HANDLING",))
_IN_PERSON = AllOf((Is("role", ("FIRST_RECEIVER", "AGENT")), Mine("holder_id", Subject.ACCOUNT)))
_TO_THE_REPORTER = Is(
    "kind",
    ("RECEIPT", "ACCEPTED", "NOT_ACCEPTED", "EXTENSION", "SUSPENSION", "DEADLINE", "RESULT", "MERGED", "REOPENED"),
)

_CASE: Rule = {
    Role.RESIDENT: Mine("reporter_person_id", Subject.PERSON),
    # Who answers for the party complained about 被反映方 sees nothing of the complaint (guardrail 5), whatever else they are.
    # The agent 代办人 may be of another grid of the team, and is told what the matter is, whomever it is about.
    Role.GRID_WORKER: AnyOf((_NEAR, Mine("first_receiver_id", Subject.ACCOUNT), _AGENT)),
    Role.GRID_CHIEF: AnyOf((_NEAR, _AGENT)),
    Role.STREET_DISPATCHER: InScope(),
    Role.STREET_LEADER: InScope(),
    Role.FOLLOW_UP: AllOf((InScope(), _CLOSED)),
    Role.DEPT_HANDLER: _ASSIGNED,
    Role.COUNTY_GRID_OFFICE: AllOf((InScope(), Known("county_informed_at"))),
}

# Restricted people (children, special groups) are the street's alone. Its dispatcher and leader do see that the record is
# there: the duty chief must find a missing child in an emergency. What the record says of them they do not read in it.
_NORMAL_PERSON = AllOf((InScope(), Is("visibility", ("NORMAL",))))
_PERSON: Rule = {
    Role.RESIDENT: Mine("id", Subject.PERSON),
    Role.GRID_WORKER: _NORMAL_PERSON,
    Role.GRID_CHIEF: _NORMAL_PERSON,
    Role.STREET_DISPATCHER: InScope(),
    Role.STREET_LEADER: InScope(),
}
_REGISTER_STAFF = (Role.GRID_WORKER, Role.GRID_CHIEF, Role.STREET_DISPATCHER, Role.STREET_LEADER)


def _of_case(*roles: Role) -> dict[Role, Condition]:
    """A row that hangs on a case is seen by whoever of the roles sees the case."""
    return {role: Linked("case_file", "id", "case_id", _CASE[role]) for role in roles}


_STREET_STAFF = (Role.GRID_WORKER, Role.GRID_CHIEF, Role.STREET_DISPATCHER, Role.STREET_LEADER, Role.FOLLOW_UP)
_CASE_STAFF = (*_STREET_STAFF, Role.COUNTY_GRID_OFFICE)

_OWN_PART: Rule = {**_of_case(*_CASE_STAFF), Role.DEPT_HANDLER: _OWN_ORGANIZATION}

# A promise made public 公开承诺 is everybody's as long as its case is neither confidential, restricted nor a dispute.
# A file of the street or the reporter may tell who reported: a department has it unless that is confidential (guardrail 5).
_FILE_OF_DEPARTMENT = AnyOf(
    (_OWN_ORGANIZATION, Linked("case_file", "id", "case_id", AllOf((_OPEN_REPORTER, _ASSIGNED))))
)
_PICTURES = ("BEFORE", "DURING", "AFTER")
_PUBLISHABLE = AllOf((Is("visibility", ("NORMAL",)), _OPEN_REPORTER, IsNot("kind", ("DISPUTE",))))
_PUBLIC_PROMISE = AllOf((Is("public", (True,)), Linked("case_file", "id", "case_id", _PUBLISHABLE)))
_OWN_PROMISE: Rule = {
    **_of_case(*_CASE_STAFF, Role.RESIDENT),
    Role.DEPT_HANDLER: AllOf((_OWN_ORGANIZATION, Linked("case_file", "id", "case_id", _CASE[Role.DEPT_HANDLER]))),
}

RULES: Mapping[str, Rule] = {
    # Divisions, organizations, categories, calendar: public inside the platform.
    "shared": dict.fromkeys(_EVERYONE, Everything()),
    "staff_only": dict.fromkeys(_STAFF, Everything()),
    "street_staff": dict.fromkeys(_CASE_STAFF, Everything()),
    "case": _CASE,
    # The history: a resident reads the public sentences of the own case, a department those that are about no other
    # department, and its own. A wake-up that a department's plugin asked for is nobody else's concern.
    "case_event": {
        **{role: AllOf((IsNot("type", ("wakeUp",)), seen)) for role, seen in _of_case(*_CASE_STAFF).items()},
        Role.RESIDENT: AllOf((Is("public", (True,)), Linked("case_file", "id", "case_id", _CASE[Role.RESIDENT]))),
        Role.DEPT_HANDLER: AllOf(
            (
                Linked("case_file", "id", "case_id", _CASE[Role.DEPT_HANDLER]),
                AnyOf((AllOf((Is("public", (True,)), Unknown("organization_code"))), _OWN_ORGANIZATION)),
            )
        ),
    },
    "whistle": _of_case(*_CASE_STAFF, Role.DEPT_HANDLER),
    # An organization sees its own assignment whole and of the others the names and states (C.4 invariants).
    # Its own ones are named apart, so that its inbox is read by its own index.
    "assignment": {
        **_of_case(*_CASE_STAFF),
        Role.DEPT_HANDLER: AnyOf((_OWN_ASSIGNMENT, Linked("case_file", "id", "case_id", _CASE[Role.DEPT_HANDLER]))),
    },
    # What hangs on one assignment is that organization's and the street's alone.
    "own_assignment": _OWN_PART,
    "case_detail": _of_case(*_CASE_STAFF),
    # A department sees the meetings that it is called to, and who else is.
    "meeting": {**_of_case(*_CASE_STAFF), Role.DEPT_HANDLER: _CALLED_TO_MEETING},
    "meeting_participant": {
        **{role: Linked("meeting", "id", "meeting_id", seen) for role, seen in _of_case(*_CASE_STAFF).items()},
        Role.DEPT_HANDLER: Linked("meeting", "id", "meeting_id", _CALLED_TO_MEETING),
    },
    # A department sees the pictures of the scene as the street found it, and its own files.
    "attachment": {
        **_of_case(*_CASE_STAFF, Role.RESIDENT),
        Role.DEPT_HANDLER: AllOf(
            (
                Linked("case_file", "id", "case_id", _CASE[Role.DEPT_HANDLER]),
                AnyOf((_OWN_ORGANIZATION, AllOf((Is("kind", ("BEFORE",)), Unknown("organization_code"))))),
            )
        ),
    },
    # The handling clock is the case's and everybody's; the others are the street's and the organization's alone.
    "deadline": {
        **_of_case(*_CASE_STAFF),
        Role.RESIDENT: AllOf((_HANDLING_CLOCK, Linked("case_file", "id", "case_id", _CASE[Role.RESIDENT]))),
        Role.DEPT_HANDLER: AnyOf(
            (
                _OWN_ORGANIZATION,
                AllOf((_HANDLING_CLOCK, Linked("case_file", "id", "case_id", _CASE[Role.DEPT_HANDLER]))),
            )
        ),
    },
    # What moved the handling clock 延期、挂账、暂停: as the clock itself, but who asked and decided is the staff's alone.
    "deadline_change": _of_case(*_CASE_STAFF, Role.RESIDENT, Role.DEPT_HANDLER),
    "deadline_change_staff": _of_case(*_CASE_STAFF),
    # What a department asked for, and what it was answered, is its own and the street's until it moves the clock.
    "extension": {
        **_of_case(*_CASE_STAFF),
        Role.DEPT_HANDLER: AnyOf((_OWN_ORGANIZATION, AllOf((_GRANTED, *_of_case(Role.DEPT_HANDLER).values())))),
        Role.RESIDENT: AllOf((_GRANTED, *_of_case(Role.RESIDENT).values())),
    },
    # What waits for whom: the row names the role that does it, and where it must be, the very account.
    "task": {
        Role.STREET_DISPATCHER: AllOf((Is("role", ("STREET_DISPATCHER",)), InScope())),
        Role.STREET_LEADER: AllOf((Is("role", ("STREET_LEADER",)), InScope())),
        Role.FOLLOW_UP: AllOf((Is("role", ("FOLLOW_UP",)), InScope())),
        Role.COUNTY_GRID_OFFICE: AllOf((Is("role", ("COUNTY_GRID_OFFICE",)), InScope())),
        Role.GRID_WORKER: AnyOf((AllOf((Is("role", ("GRID_WORKER",)), InScope())), _IN_PERSON)),
        Role.GRID_CHIEF: AnyOf((AllOf((Is("role", ("GRID_CHIEF",)), InScope())), _IN_PERSON)),
        Role.DEPT_HANDLER: AllOf((Is("role", ("DEPT_HANDLER",)), _OWN_ORGANIZATION)),
    },
    # What was taken when a limit ran out 督办链: the street's, and the organization's that it was taken against.
    "supervision": _OWN_PART,
    # What the calendar brings 例行工作 in one's area.
    "routine": dict.fromkeys((*_REGISTER_STAFF, Role.COUNTY_GRID_OFFICE), InScope()),
    # 一事一诺: what was promised for a case is read by whoever sees the case, the public ones by everybody (Z-49).
    "promise": {role: AnyOf((_PUBLIC_PROMISE, seen)) for role, seen in _OWN_PROMISE.items()},
    "promise_detail": _OWN_PROMISE,
    # Which cases a campaign 专项整治 took up is told to whoever sees them.
    "campaign_case": _of_case(*_CASE_STAFF, Role.DEPT_HANDLER),
    # Work that departments ask to place on communities 社区准入 (L-26): whom it concerns; communities learn what was granted.
    "community_admission": {
        Role.STREET_DISPATCHER: InScope(),
        Role.STREET_LEADER: InScope(),
        Role.COUNTY_GRID_OFFICE: InScope(),
        Role.GRID_WORKER: Is("state", ("GRANTED",)),
        Role.GRID_CHIEF: Is("state", ("GRANTED",)),
        Role.DEPT_HANDLER: _OWN_ORGANIZATION,
    },
    "follow_up": _of_case(
        Role.STREET_DISPATCHER, Role.STREET_LEADER, Role.FOLLOW_UP, Role.COUNTY_GRID_OFFICE, Role.RESIDENT
    ),
    # What an earlier round found and was told 重办 is seen by whoever sees the case.
    "case_round": _of_case(*_CASE_STAFF, Role.RESIDENT, Role.DEPT_HANDLER),
    # Who else a reporter spoke to is for who answers the phone.
    "reporter_case": {
        Role.STREET_DISPATCHER: AllOf(
            tuple(Linked("case_file", "id", key, _CASE[Role.STREET_DISPATCHER]) for key in ("case_id", "other_id"))
        )
    },
    # A resident reads what was written to them, not what departments were called with.
    "message": {
        **_of_case(Role.STREET_DISPATCHER, Role.STREET_LEADER, Role.FOLLOW_UP, Role.GRID_CHIEF, Role.GRID_WORKER),
        Role.RESIDENT: AllOf(
            (
                _TO_THE_REPORTER,
                Unknown("organization_code"),
                Linked("case_file", "id", "case_id", _CASE[Role.RESIDENT]),
            )
        ),
    },
    # What was said to the reporter 沟通记录: the reporter reads all of it, a department its own.
    "communication": {**_OWN_PART, **_of_case(Role.RESIDENT)},
    "service_centre": dict.fromkeys(_EVERYONE, Everything()),
    "grid": dict.fromkeys(_EVERYONE, Everything()),
    "team": dict.fromkeys(_EVERYONE, Everything()),
    "person": _PERSON,
    "household": {
        Role.RESIDENT: Linked("person", "household_id", "id", Mine("id", Subject.PERSON)),
        Role.GRID_WORKER: InScope(),
        Role.GRID_CHIEF: InScope(),
        Role.STREET_DISPATCHER: InScope(),
        Role.STREET_LEADER: InScope(),
    },
    "care": dict.fromkeys(_REGISTER_STAFF, _NORMAL_PERSON),
    "vessel": dict.fromkeys(
        (Role.GRID_WORKER, Role.GRID_CHIEF, Role.STREET_DISPATCHER, Role.STREET_LEADER, Role.COUNTY_GRID_OFFICE),
        InScope(),
    ),
    # A list that leaves the platform: who asked for it, and the leaders of the street, one of whom decides (guardrail 3).
    "export": {
        Role.STREET_DISPATCHER: Mine("requested_by", Subject.ACCOUNT),
        Role.GRID_CHIEF: Mine("requested_by", Subject.ACCOUNT),
        Role.STREET_LEADER: InScope(),
    },
    # What departments are still owed, and how their plugins failed: the operator's, that is the county grid office's, with or
    # without sight of the case; the dispatcher's and leaders' of the street; and the organization's own.
    "delivery_lane": {
        **dict.fromkeys((Role.COUNTY_GRID_OFFICE, Role.STREET_DISPATCHER, Role.STREET_LEADER), InScope()),
        Role.DEPT_HANDLER: _OWN_ORGANIZATION,
    },
    "delivery_error": {
        **_of_case(Role.STREET_DISPATCHER, Role.STREET_LEADER, Role.COUNTY_GRID_OFFICE),
        Role.DEPT_HANDLER: _OWN_ORGANIZATION,
    },
    "department_state": dict.fromkeys(
        (Role.COUNTY_GRID_OFFICE, Role.STREET_DISPATCHER, Role.STREET_LEADER), Everything()
    ),
    # Fields. Each role sees a field on the rows that the role itself sees: grants never add up to more than each of them.
    # The reporter never reaches a department when the case is confidential (C.7 guardrail 5), nor who is only informed.
    "reporter": {
        **{role: _CASE[role] for role in (*_STREET_STAFF, Role.RESIDENT)},
        Role.DEPT_HANDLER: AllOf((_OPEN_REPORTER, _HANDLES)),
    },
    "staff_field": {role: _CASE[role] for role in _CASE_STAFF},
    "staff_field_of_case": _of_case(*_CASE_STAFF),
    "own_field": _OWN_PART,
    # A department reads what it wrote itself into its own whistle 部门哨, and what was said to it.
    "whistle_draft": {**_of_case(*_CASE_STAFF), Role.DEPT_HANDLER: Mine("drafted_for", Subject.ORGANIZATION)},
    # A file's name may tell who reported.
    "attachment_name": {
        **_of_case(*_CASE_STAFF, Role.RESIDENT),
        Role.DEPT_HANDLER: _FILE_OF_DEPARTMENT,
    },
    # What a file shows may tell as much as its name; a department's documents 文书 are about others than the reporter, too.
    "attachment_file": {
        **_of_case(*_CASE_STAFF),
        Role.DEPT_HANDLER: _FILE_OF_DEPARTMENT,
        Role.RESIDENT: AllOf(
            (*_of_case(Role.RESIDENT).values(), AnyOf((Unknown("organization_code"), Is("kind", _PICTURES))))
        ),
    },
    # With the day of birth a masked identity number is whole again: residents read their own, staff reveal it.
    "own_person": {Role.RESIDENT: _PERSON[Role.RESIDENT]},
    "person_staff": {role: _PERSON[role] for role in _REGISTER_STAFF},
    "person_detail": dict.fromkeys(_REGISTER_STAFF, _NORMAL_PERSON),
    # Looking a phone up tells whose it is: that is for who answers the phone.
    "person_by_phone": {Role.STREET_DISPATCHER: _PERSON[Role.STREET_DISPATCHER]},
    "case_by_phone": {Role.STREET_DISPATCHER: _CASE[Role.STREET_DISPATCHER]},
    # What is perhaps the same matter is compared for those who take cases in.
    "similar_case": {role: _CASE[role] for role in _REGISTER_STAFF},
}
