"""The schema: queries, mutations and subscriptions put together, and its text as it is committed in schema.graphql."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.inputs import prepare_inputs
from schema.mutations.root import Mutation
from schema.query import Query
from schema.sight import SeeingSchema
from schema.subscriptions import Subscription
from schema.uploaded import UPLOAD, UploadedFile


def build_schema() -> strawberry.Schema:
    """The whole schema, built anew."""
    config = StrawberryConfig(scalar_map={UploadedFile: UPLOAD})
    schema = SeeingSchema(query=Query, mutation=Mutation, subscription=Subscription, config=config)
    prepare_inputs(schema)
    return schema


def sdl() -> str:
    """The schema's text, as ``schema/schema.graphql`` must have it."""
    return build_schema().as_str() + "\n"
