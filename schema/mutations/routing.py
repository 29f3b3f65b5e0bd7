"""Mutations of routing rules 派单规则, duty lists 履职事项清单 and community admission 社区准入 (reference C.1.4, L-25 to L-29)."""

import strawberry

from schema.mutations import routing_inputs as inputs
from schema.mutations.base import Given, Info, action, perform
from schema.mutations.identifiers import Identifiers
from schema.mutations.payloads import CommunityAdmissionPayload, DutyListItemPayload, RoutingRulePayload
from schema.problems import AnyProblem
from shaodao.commands import admissions, duty_lists, routing_rules, rulings
from shaodao.commands.running import Command


@strawberry.type
class RoutingMutations:
    """The actions on what a dispatch rests on; none of them touches a case."""

    @action(RoutingRulePayload)
    async def propose_routing_rule(
        self, info: Info, given: Given[inputs.ProposeRoutingRuleInput]
    ) -> RoutingRulePayload | AnyProblem:
        """Propose a routing rule 派单规则, or a further version of one. By dispatcher or leader of its street, or the county grid office.

        Refused is one that can never match, that another rule leaves nothing to or that leaves nothing to another, and one that
        hands a matter back to the organization that a granted objection took it from. `dryRunRoutingRule` shows what would change.
        """

        def prepare(identifiers: Identifiers) -> Command:
            identifiers.place(given.area_code)
            rule = given.rule(given.lead_organization_code)
            return lambda tx: routing_rules.propose_rule(tx, rule, reason=given.reason)

        return await perform(info, given, prepare, RoutingRulePayload.of)

    @action(RoutingRulePayload)
    async def propose_rule_from_ruling(
        self, info: Info, given: Given[inputs.ProposeRuleFromRulingInput]
    ) -> RoutingRulePayload | AnyProblem:
        """Propose the rule that follows from a granted objection 裁定转规则: LEAD is who got the matter, the reason the ruling's text.

        Its conditions must hold for the ruling's own case. By dispatcher or leader of the case's street, or the county grid office.
        """

        def prepare(identifiers: Identifiers) -> Command:
            objection, rule = identifiers.key("objectionId", given.objection_id, "DispatchObjection"), given.content()
            return lambda tx: rulings.propose_from_ruling(tx, objection, rule)

        return await perform(info, given, prepare, RoutingRulePayload.of)

    @action(RoutingRulePayload)
    async def decide_routing_rule(
        self, info: Info, given: Given[inputs.DecideRoutingRuleInput]
    ) -> RoutingRulePayload | AnyProblem:
        """Decide a proposed version 审批: granted, it is in force from now and supersedes the former one.

        By the county grid office, or a leader of the street for a rule of that street; never by who proposed it.
        """

        def prepare(identifiers: Identifiers) -> Command:
            rule = identifiers.key("ruleId", given.rule_id, "RoutingRule")
            return lambda tx: routing_rules.decide_rule(tx, rule, granted=given.granted, text=given.text)

        return await perform(info, given, prepare, RoutingRulePayload.of)

    @action(RoutingRulePayload)
    async def retire_routing_rule(
        self, info: Info, given: Given[inputs.RetireRoutingRuleInput]
    ) -> RoutingRulePayload | AnyProblem:
        """Propose that a rule is retired 停用: a version that ends it, which another person decides by `decideRoutingRule`."""

        def prepare(identifiers: Identifiers) -> Command:
            rule = identifiers.key("ruleId", given.rule_id, "RoutingRule")
            return lambda tx: routing_rules.retire_rule(tx, rule, reason=given.reason)

        return await perform(info, given, prepare, RoutingRulePayload.of)

    @action(DutyListItemPayload)
    async def define_duty_item(
        self, info: Info, given: Given[inputs.DefineDutyItemInput]
    ) -> DutyListItemPayload | AnyProblem:
        """Put a duty on a list 履职事项清单, with its legal basis. By the county grid office."""

        def prepare(_: Identifiers) -> Command:
            item = given.item()
            return lambda tx: duty_lists.define_duty_item(tx, item)

        return await perform(info, given, prepare, DutyListItemPayload.of)

    @action(DutyListItemPayload)
    async def end_duty_item(
        self, info: Info, given: Given[inputs.EndDutyItemInput]
    ) -> DutyListItemPayload | AnyProblem:
        """End a duty with a last day. By the county grid office."""

        def prepare(_: Identifiers) -> Command:
            return lambda tx: duty_lists.end_duty_item(tx, given.code, reason=given.reason, last_day=given.last_day)

        return await perform(info, given, prepare, DutyListItemPayload.of)

    @action(CommunityAdmissionPayload)
    async def request_community_admission(
        self, info: Info, given: Given[inputs.RequestCommunityAdmissionInput]
    ) -> CommunityAdmissionPayload | AnyProblem:
        """Ask to place an organization's work on communities 申请社区准入 (L-26). By its handler."""

        def prepare(identifiers: Identifiers) -> Command:
            identifiers.place(*given.community_codes)
            admission = given.admission()
            return lambda tx: admissions.request_admission(tx, admission)

        return await perform(info, given, prepare, CommunityAdmissionPayload.of)

    @action(CommunityAdmissionPayload)
    async def decide_community_admission(
        self, info: Info, given: Given[inputs.DecideCommunityAdmissionInput]
    ) -> CommunityAdmissionPayload | AnyProblem:
        """Admit the work to the communities or not 准入审批 (L-26); granted, it may be dispatched there while it is valid.

        By a leader of the street who did not ask for it.
        """

        def prepare(identifiers: Identifiers) -> Command:
            admission = identifiers.key("admissionId", given.admission_id, "CommunityAdmission")
            return lambda tx: admissions.decide_admission(tx, admission, granted=given.granted, text=given.text)

        return await perform(info, given, prepare, CommunityAdmissionPayload.of)
