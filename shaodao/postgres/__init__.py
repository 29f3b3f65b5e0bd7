"""PostgreSQL: the pool, the embedded server, the migrations runner."""
