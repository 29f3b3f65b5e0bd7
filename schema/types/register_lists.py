"""Orderings and filters of the registers' lists: whose ids inputs ask for (households, vessels, accounts)."""

import strawberry

from schema.declarations import Fragment, Where
from schema.mapping import filtered, orderings
from schema.types.places import IN_DIVISION
from shaodao.domain.vocabulary import Role

HouseholdOrder = orderings("HouseholdOrder", "Ordering of households.", NUMBER=[("number", "asc")])
VesselOrder = orderings("VesselOrder", "Ordering of vessels.", REGISTRATION=[("registration", "asc")])
AccountOrder = orderings("AccountOrder", "Ordering of accounts.", NAME=[("name", "asc")])

STAFF_ALONE = "{account} IS NOT NULL"
"""Residents meet members of staff in their own cases, but do not list them."""


@strawberry.input(description="What households must meet.")
class HouseholdFilter:
    division: str | None = filtered(IN_DIVISION, description="Code of a division of any level.")
    grid: str | None = filtered(Where("grid_code"), description="Code of a grid.")
    number: str | None = filtered(Where("number"), description="Number of the household 户号.")
    address: str | None = filtered(
        Fragment("strpos({t}.address, {value}::text) > 0"), description="A part of the address."
    )


@strawberry.input(description="What vessels must meet.")
class VesselFilter:
    division: str | None = filtered(IN_DIVISION, description="Code of a division of any level.")
    grid: str | None = filtered(Where("grid_code"), description="Code of a sea grid.")
    registration: str | None = filtered(
        Fragment("strpos({t}.registration, {value}::text) > 0"), description="A part of the name and number 船名号."
    )


@strawberry.input(description="What accounts must meet.")
class AccountFilter:
    role: Role | None = filtered(
        Fragment("EXISTS (SELECT FROM account_roles r WHERE r.account_id = {t}.id AND r.role = {value}::text)"),
        description="With this role.",
    )
    organization: str | None = filtered(
        Fragment(
            "({t}.organization_code = {value}::text OR EXISTS (SELECT FROM account_roles r"
            " WHERE r.account_id = {t}.id AND r.organization_code = {value}::text))"
        ),
        description="Code of the organization that they work in or act for.",
    )
    enabled: bool | None = filtered(Where("enabled"), description="Whether the account is in use.")
