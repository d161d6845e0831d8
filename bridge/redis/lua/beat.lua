-- beat.lua: tell workers the newest position, and find out whether Redis lost entries that they received.

-- Cursors before this position may miss entries that nobody can deliver: that is kept in `lost`, and published on control.
local function lose(position)
  call('SET', KEY.lost, position)
  call('PUBLISH', CONTROL, 'lost ' .. position)
end

-- witness position channel: the caller received this position and, if a channel is given, an entry of that channel
-- there. If Redis no longer has it, and it can't have been trimmed or have expired, a crash or a failover lost
-- acknowledged writes. Then every cursor from before now may miss entries that nobody can deliver: some browsers were
-- disconnected, and some resumed so early that they passed the position before the loss was noticed. So the loss is
-- kept in `lost`, and published on control.
-- -> the position before which cursors may miss entries, if this call discovered the loss; else 0-0
local function witness(argv)
  local seen, channel, now = argv[1], argv[2], clock_ms()
  local newest, genesis = keyspace(now)
  local is_lost = position_before(newest, seen)
  if not is_lost and channel ~= '' then
    local log = PREFIX .. 'log:' .. channel
    local first = call_ours('XRANGE', log, '-', '+', 'COUNT', 1)[1]
    local forgotten = first and field_of(first, 'p') or expired_before(now, newest, genesis)
    is_lost = position_before(forgotten, seen) and #call('XRANGE', log, seen, seen) == 0 and
      (first or position_before(index_newest(channel), seen)) -- with an index entry, the log was evicted or deleted
  end
  local is_known = position_before(seen, genesis) or not position_before(call('GET', KEY.lost) or BEGIN, seen)
  if not is_lost or is_known then return BEGIN end
  local ms, seq = position_split(position_max(newest, seen))
  local lost = position_join(tonumber(ms), tonumber(seq) + 1)
  call('SET', KEY.position, lost) -- no new entry may come before it
  lose(lost)
  return lost
end

local REMEMBERED_MS = 3600000 -- after a log has expired, for those who ask for it from the beginning

-- beat worker database: publish the newest position on this worker's own channel. When the worker receives it, it has
-- received everything up to there. Also removes channels from the key `channels` whose logs expired an hour ago, and, if
-- the worker says '0', the key `database`: it came with data that were copied from another one.
-- -> the newest position
local function beat(argv)
  local now = clock_ms()
  local position = keyspace(now)
  call('ZREMRANGEBYSCORE', KEY.channels, '-inf', string.format('(%.0f', now - TTL - REMEMBERED_MS))
  if argv[2] == '0' then call('DEL', KEY.database) end
  call('PUBLISH', CHANNELS .. 'beat:' .. argv[1], position)
  return position
end
