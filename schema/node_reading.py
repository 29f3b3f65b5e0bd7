"""Gone: see schema.sight. This file is removed as soon as nothing imports it."""

from schema.sight import SeeingSchema as SelfReadingSchema
from schema.sight import Sight as NodeReader

__all__ = ["NodeReader", "SelfReadingSchema"]
