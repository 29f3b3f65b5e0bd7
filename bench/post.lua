-- wrk -s post.lua URL -- BODY_FILE HEADER_FILE: the same POST again and again; a line of JSON at the end.
-- Without a function `request` wrk formats the request once, and without `response` it parses no answers.
function init(args)
  wrk.method = "POST"
  wrk.body = io.open(args[1], "rb"):read("*a")
  for line in io.lines(args[2]) do
    local name, value = line:match("^([^:]+): (.*)$")
    wrk.headers[name] = value
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests": %d, "microseconds": %d, "bytes": %d, "p50": %d, "p99": %d, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout
  ))
end
