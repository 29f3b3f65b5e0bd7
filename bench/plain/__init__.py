"""The read API's types as plain Strawberry resolvers with DataLoaders: what the benchmark compares the server with."""
