-- no-transaction
-- What boards and registers ask for most, each in the order in which it is asked for (docs/benchmarks.md).

CREATE INDEX CONCURRENTLY case_file_open_index ON case_file (county_code, street_code, registered_at DESC, id DESC)
WHERE closed_at IS NULL AND state NOT IN ('NOT_ACCEPTED', 'MERGED', 'CANCELLED');

CREATE INDEX CONCURRENTLY care_tag_person_valid_index ON care_tag (county_code, person_id, valid_from, id);

DROP INDEX CONCURRENTLY care_tag_person_index;

CREATE INDEX CONCURRENTLY deadline_case_assignment_index ON deadline (county_code, case_id, assignment_id, due_at, id);

DROP INDEX CONCURRENTLY deadline_case_index;
