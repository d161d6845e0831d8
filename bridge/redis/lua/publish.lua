-- publish.lua: append a message to its log and announce it on live; publish() also sends the plain message after that.

local IDEMPOTENCY_MS = 120000

-- Reserve `count` positions, before the first message is written: whatever fails later, no position is ever used twice.
local function reserve(count)
  local now = clock_ms()
  local last, genesis = keyspace(now)
  local ms, seq = position_split(last)
  ms, seq = tonumber(ms), tonumber(seq)
  if now > ms then ms, seq = now, -1 end
  call('SET', KEY.position, position_join(ms, seq + count))
  return {
    ms = ms, seq = seq, now = now, last = last,
    expired = expired_before(now, last, genesis), newest = {}, again = {},
  }
end

-- After the last message: bring the index up to date for channels that had more than one.
local function settle(reserved)
  for channel, seq in pairs(reserved.again) do
    redis.pcall('ZADD', KEY.channels, index_add(channel, reserved.ms, seq))
  end
end

-- The position of a channel's newest entry; nil if it has none.
local function log_newest(log)
  local newest = call_ours('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
  return newest and newest[1]
end

-- A log whose newest id is ahead of all positions is an old one (the key `position` was lost, and the clock set back):
-- start it anew.
local function log_add(log, position, fields)
  local added = redis.pcall('XADD', log, 'MAXLEN', '~', LENGTH, position, unpack(fields))
  if not added.err then return end
  if not string.find(added.err, 'equal or smaller', 1, true) then error(added) end
  call('DEL', log)
  call('XADD', log, position, unpack(fields))
end

-- Append one message to its channel's log, and announce it on live. flag: e (echoed: the plain message follows within
-- the same function) or r (recorded: it was the plain message `ordinal` of `era`).
-- Nothing raises an error once the entry is in the log, or its sender would send it again. If the announcement fails,
-- the error is in reserved.trouble, and workers find the entry by the `p` of the next one.
--
-- The announcement:  <position> <previous> <flag> <era> <ordinal> <event bytes> <from bytes>\n<event><from><payload>
local function append(reserved, channel, payload, event, from, flag, era, ordinal)
  reserved.seq = reserved.seq + 1
  local position = position_join(reserved.ms, reserved.seq)
  local log = PREFIX .. 'log:' .. channel
  local known = reserved.newest[channel]
  local previous, is_first = known or log_newest(log), false
  if not previous then
    local indexed = index_newest(channel)
    is_first = indexed == BEGIN
    previous = position_max(reserved.expired, indexed)
  end
  local fields = {'d', payload, 'p', previous}
  if is_first and previous ~= BEGIN then fields[5], fields[6] = 'n', '1' end
  if event ~= '' then fields[#fields + 1], fields[#fields + 2] = 'e', event end
  if from ~= '' then fields[#fields + 1], fields[#fields + 2] = 'f', from end
  if not known and call_ours('ZADD', KEY.channels, index_add(channel, reserved.ms, reserved.seq)) == 1 then
    index_since(reserved.last) -- the index may have been deleted
  end
  log_add(log, position, fields)
  if not known then redis.pcall('PEXPIRE', log, TTL) end
  reserved.newest[channel] = position
  if known then reserved.again[channel] = reserved.seq end
  local told = redis.pcall('PUBLISH', CHANNELS .. 'live:' .. channel,
    table.concat({position, previous, flag, era, ordinal, #event, #from}, ' ') .. '\n' .. event .. from .. payload)
  if type(told) == 'table' then reserved.trouble = told end
  return position
end

-- Record one message, and send it as a plain message, too. A repeat with the same idempotency key (not ''), sender and
-- channel changes nothing.
-- -> position (a repeat: that of the first), or an error if the message is not accepted
local function publish(channel, payload, event, from, key)
  local refusal = channel_error(channel) or payload_error(payload) or event_error(event)
  if refusal then return refusal end
  local seen
  if key ~= '' then
    seen = PREFIX .. 'key:' .. #from .. ':' .. from .. #channel .. ':' .. channel .. key
    local first = call('GET', seen)
    if first then return first end
  end
  local reserved = reserve(1)
  local position = append(reserved, channel, payload, event, from, 'e', 0, 0)
  if not reserved.trouble and type(redis.pcall('PUBLISH', channel, payload)) == 'table' then
    redis.pcall('PUBLISH', CONTROL, 'unechoed') -- it is recorded, even if its publisher may not PUBLISH there
  end
  if seen then call('SET', seen, position, 'PX', IDEMPOTENCY_MS) end
  return position
end
