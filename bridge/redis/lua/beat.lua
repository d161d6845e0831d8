-- beat.lua: how far the newest position is, and whether what somebody heard of is still there.

-- witness position channel: somebody was told of this position, and, where a channel is given, of an entry there. Where
-- Redis does not know it any more (a crash or a failover lost what it had acknowledged, and it can't have been trimmed nor
-- have expired), all cursors from before now may miss what nobody can give them: some were away, some came back so early
-- that they passed the place before anybody noticed. That is remembered, and told to all workers.
-- -> the position before which cursors may miss something, where that is news; else 0-0
local function witness(argv)
  local seen, channel, now = argv[1], argv[2], clock_ms()
  local newest, genesis = keyspace(now)
  local is_lost = position_before(newest, seen)
  if not is_lost and channel ~= '' then
    local log = PREFIX .. 'log:' .. channel
    local first = call_ours('XRANGE', log, '-', '+', 'COUNT', 1)[1]
    local forgotten = first and field_of(first, 'p') or expired_before(now, newest, genesis)
    is_lost = position_before(forgotten, seen) and #call('XRANGE', log, seen, seen) == 0
  end
  local is_known = position_before(seen, genesis) or not position_before(call('GET', KEY.lost) or BEGIN, seen)
  if not is_lost or is_known then return BEGIN end
  local ms, seq = position_split(position_max(newest, seen))
  local lost = position_join(tonumber(ms), tonumber(seq) + 1)
  call('SET', KEY.lost, lost)
  call('SET', KEY.position, lost) -- nothing new may come before it
  call('PUBLISH', CONTROL, 'lost ' .. lost)
  return lost
end

-- beat worker: tell this worker on its own channel the newest position: when it hears that, it has heard everything
-- up to there. Also forgets channels whose logs expired.
local function beat(argv)
  local now = clock_ms()
  local position = keyspace(now)
  call('ZREMRANGEBYSCORE', KEY.channels, '-inf', string.format('(%.0f', now - TTL))
  call('PUBLISH', PREFIX .. 'beat:' .. argv[1], position)
  return position
end
