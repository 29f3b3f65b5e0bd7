"""The GraphQL types, one noun a module; each stands on a table as ``schema.mapping`` says."""
