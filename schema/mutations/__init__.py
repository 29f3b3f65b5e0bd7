"""The mutations: one for each action, named by its verb; each runs its command in a transaction of its own."""

from schema import enumerations as enumerations
