-- wrk's script: one POST an exchange, each with a proof of its own, about a subject drawn at random.
-- Arguments: file of the request's head, file of proofs (one a line), count of subjects, seed.
-- Proofs are used once; where they run out the file begins anew, and the gateway refuses what it saw before.

local head, tail, proofs, count, lines

local function read(path)
  local file = assert(io.open(path, "r"))
  local text = file:read("*a")
  file:close()
  return text
end

function init(args)
  local text = read(args[1])
  local at = text:find("%PROOF%", 1, true)
  head, tail = text:sub(1, at - 1), text:sub(at + 7)
  proofs, count = args[2], tonumber(args[3])
  math.randomseed(tonumber(args[4]))
  lines = io.lines(proofs)
end

function request()
  local proof = lines()
  if proof == nil then
    lines = io.lines(proofs)
    proof = lines()
  end
  local nino = string.format("ZZ%06dA", math.random(0, count - 1))
  return head .. proof .. (tail:gsub("%%NINO%%", nino))
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"max":%d,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
    e.status, e.connect + e.read + e.write + e.timeout))
end
