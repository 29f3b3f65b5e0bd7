-- Counts are a view for PostGraphile, as a team that uses it would write them.
CREATE SCHEMA IF NOT EXISTS bench;
CREATE OR REPLACE VIEW bench.case_count AS
SELECT county_code, street_code, state, count(*)::integer AS count
FROM public.case_file
GROUP BY county_code, street_code, state;
