"""Who is shown what is in a file (C.7): never less guarded than its name, and each link is logged."""

from typing import Any
from uuid import UUID

import pytest

from schema.ids import decode
from tests.integration.conftest import Street
from tests.integration.file_steps import png
from tests.integration.graphql_steps import CAR, DISPATCHER, accepted, blown, later, staff
from tests.integration.graphql_street import GraphQLStreet, graphql_of

FILES = "query ($id: ID!) { node(id: $id) { ... on Case { attachments { id stored } } } }"


@pytest.fixture
def api(street: Street) -> GraphQLStreet:
    return graphql_of(street)


async def kept(api: GraphQLStreet, who: str, kind: str, text: str, **target: str) -> str:
    """The id of an attachment with bytes."""
    content, viewer = png(text), staff(api, who)
    asked = await api.done(viewer, "requestUpload", "uploadId", name=f"{text}.png", size=len(content), **target)
    found = decode(asked["uploadId"])

    async def chunks() -> Any:
        yield content

    await api.services.intake.receive(found.county, UUID(found.key), chunks())
    added = await api.done(
        viewer,
        "addAttachment",
        "attachment { id }",
        uploadId=asked["uploadId"],
        kind=kind,
        name=f"{text}.png",
        **target,
    )
    return str(added["attachment"]["id"])


async def links(api: GraphQLStreet, who: str, *attachments: str) -> Any:
    return await api.act(staff(api, who), "requestDownloads", "downloads { url }", attachmentIds=list(attachments))


async def test_a_department_reads_the_scene_and_its_own_and_nothing_of_another(api: GraphQLStreet) -> None:
    case_id = await accepted(api)
    scene = await kept(api, DISPATCHER, "BEFORE", "scene", caseId=case_id)
    letter = await kept(api, DISPATCHER, "DOCUMENT", "letter", caseId=case_id)
    _, assignments = await blown(api, case_id)
    own = await kept(api, "CG", "DURING", "own", assignmentId=assignments["CG"])
    assert len((await links(api, "CG", scene, own))["downloads"]) == 2
    assert (await links(api, "CG", letter))["code"] == "NOT_FOUND"
    assert (await links(api, "JJ", own))["code"] == "NOT_FOUND"
    assert (await links(api, "JJ", scene, own))["code"] == "NOT_FOUND"
    rows = await api.street.pool.fetch("SELECT login, count(*) AS links FROM file_access GROUP BY login")
    assert [(row["login"], row["links"]) for row in rows] == [(staff(api, "CG").login, 2)]


async def test_a_photo_does_not_show_who_reported_in_confidence(api: GraphQLStreet) -> None:
    reporter = CAR["reporter"] | {"confidential": True}
    case_id = await accepted(api, reporter=reporter)
    window = await kept(api, DISPATCHER, "BEFORE", "window", caseId=case_id)
    await blown(api, case_id)
    seen = await api.query(staff(api, "CG"), FILES, id=case_id)
    assert seen["node"]["attachments"] == [{"id": window, "stored": None}]
    assert (await links(api, "CG", window))["code"] == "NOT_PERMITTED"
    assert len((await links(api, DISPATCHER, window))["downloads"]) == 1


async def test_the_reporter_reads_pictures_and_no_departments_documents(api: GraphQLStreet) -> None:
    given = CAR | {"channel": "WECHAT", "reporter": None}
    case_id = (await later(api, "P014", "registerCase", "case { id }", **given))["case"]["id"]
    own = await kept(api, "P014", "BEFORE", "own", caseId=case_id)
    await later(api, DISPATCHER, "acceptCase", caseId=case_id)
    _, assignments = await blown(api, case_id)
    after = await kept(api, "CG", "AFTER", "after", assignmentId=assignments["CG"])
    fine = await kept(api, "CG", "DOCUMENT", "fine", assignmentId=assignments["CG"])
    assert len((await links(api, "P014", own, after))["downloads"]) == 2
    assert (await links(api, "P014", fine))["code"] == "NOT_PERMITTED"
    assert (await links(api, "P018", own))["code"] == "NOT_FOUND"
