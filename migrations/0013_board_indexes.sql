-- no-transaction
-- What lists and counts were found to read from end to end (tests/integration/test_compiler_plans.py).

CREATE INDEX CONCURRENTLY person_community_index ON person (county_code, community_code, name, id);

CREATE INDEX CONCURRENTLY assignment_declared_index ON assignment (county_code, street_code, arrived_at, id)
WHERE arrival_proof = 'DECLARED' AND state IN ('ARRIVED', 'HANDLING', 'REPORTED', 'RETURNED');

CREATE INDEX CONCURRENTLY case_file_informed_index ON case_file (county_code, street_code, state, registered_at DESC, id DESC)
WHERE county_informed_at IS NOT NULL;
