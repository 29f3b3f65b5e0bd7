-- Hooks run in a child process for each department: what ended the worker of a lane, and where a department's code is.

-- How often in a row the lane's worker died with its head in the hook: such a lane runs alone, so that it takes no other along.
ALTER TABLE lane ADD COLUMN losses int NOT NULL DEFAULT 0;

-- The import name by which the department was loaded. One that fails on import is known by it, and its form goes on to serve.
ALTER TABLE departments ADD COLUMN source text;

-- Without a value the setting holds; a value is an operator's, for one county.
-- squawk-ignore ban-drop-not-null
ALTER TABLE lane_state ALTER COLUMN in_flight_limit DROP NOT NULL;
UPDATE lane_state SET in_flight_limit = NULL;
