-- Makes wrk's requests: the next user's next command each time, with a key of its own. `commands.py` says the same.
--
--     wrk -t1 -c32 -d1s -s commands.lua URL -- FIRST USERS EVENTS
--
-- One thread: it holds the counter. At the end one line of JSON says what was done, and which number is next.

next_number = 0 -- global: wrk reads the globals of a thread
local users, events
local tried = false
local thread_of_all

function setup(thread)
  thread_of_all = thread
end

function init(arguments)
  next_number, users, events = tonumber(arguments[1]), tonumber(arguments[2]), tonumber(arguments[3])
end

local function command(user, n)
  local cycle, step = math.floor(n / 5), n % 5
  local group = cycle + 1
  if step == 0 then
    return string.format('{"command":"CreateGroup","groupName":"Friends and people of work %05d"}', cycle)
  elseif step == 2 then
    return string.format('{"command":"RenameGroup","groupID":%d,"newName":"Friends and people at work %05d"}', group, cycle)
  elseif step == 4 and cycle >= 2 then
    return string.format('{"command":"DeleteGroup","groupID":%d}', group - 2)
  elseif step == 4 then
    return string.format('{"command":"RenameGroup","groupID":%d,"newName":"Friends and people, later %06d"}', group, cycle)
  end
  local ids = {}
  for i = 0, 4 do
    ids[i + 1] = string.format('"C2C_contact-of-mine-%04d"', (7 * cycle + user + i) % 1000)
  end
  return string.format('{"command":"%s","groupID":%d,"conversationIDs":[%s]}',
    step == 1 and "AddConversations" or "RemoveConversations", group, table.concat(ids, ","))
end

function request()
  local user, n = next_number % users, events + math.floor(next_number / users)
  if tried then
    next_number = next_number + 1
  end
  tried = true -- wrk asks once before it begins, and does not send that request
  local name, body = string.format("user-%06d", user), command(user, n)
  return string.format("POST /v1/users/%s/commands HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
    .. "Idempotency-Key: %s-%d\r\nContent-Length: %d\r\n\r\n%s", name, wrk.host, name, n, #body, body)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"count": %d, "microseconds": %d, "next": %d, "failed": %d, "p50": %d, "p99": %d}\n',
    summary.requests, summary.duration, thread_of_all:get("next_number"),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
