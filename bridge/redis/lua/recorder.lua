-- recorder.lua: record plain messages, once and in order; decide which node does that, and which one is the next.

local MEMBER_LEASES = 3 -- a member that hangs still counts for this many leases

-- Messages were lost before they were recorded. `\1<reason>\1<channel>`: a marker takes their place, an entry without payload
-- whose event is `\1<reason>`. An instance of the previous release would deliver it as a message, so there is none as long as
-- one is connected. `\1all`: too many channels lost messages for a marker each, so everybody may miss some.
local function record_loss(reserved, what, era, ordinal)
  local event, channel = string.match(what, '^(\1[a-z_]+)\1(.+)$')
  if event then
    if SPACE ~= '' or are_all_aware() then append(reserved, channel, '', event, '', 'r', era, ordinal) end
    return
  end
  reserved.seq = reserved.seq + 1
  lose(position_join(reserved.ms, reserved.seq))
end

-- record era first (channel payload)…: compare and append. Only the next ordinal of the current era is ever appended,
-- so no matter who sends it, and how often, each plain message is recorded once and in order. A channel of '' stands
-- for a run of ordinals without a message, which are skipped; its payload says how many. One that begins with \1 stands for
-- a loss. Keyspace notifications about a bridge's keys are skipped, too.
-- -> {'OK' | 'STALE' (not the current era) | 'HOLE' (first > last + 1), last}
local function record(argv)
  local era, ordinal = argv[1], tonumber(argv[2])
  local state = call('HMGET', KEY.era, 'era', 'last')
  if state[1] ~= era then return {'STALE', '0'} end
  local last = tonumber(state[2])
  if ordinal > last + 1 then return {'HOLE', state[2]} end
  local reserved
  local is_done, trouble = pcall(function()
    for at = 3, #argv, 2 do
      local channel, payload = argv[at], argv[at + 1]
      local final = channel == '' and ordinal + tonumber(payload) - 1 or ordinal
      if final > last then
        if channel ~= '' and not is_about_bridge(channel, payload) then
          reserved = reserved or reserve((#argv - at + 1) / 2)
          local number = string.format('%.0f', ordinal)
          if string.byte(channel) == 1 then record_loss(reserved, channel, era, number)
          else append(reserved, channel, payload, '', '', 'r', era, number) end
        end
        last = final
      end
      ordinal = final + 1
    end
  end)
  call('HSET', KEY.era, 'last', string.format('%.0f', last))
  if reserved then settle(reserved) end
  if not is_done then error(trouble) end
  if reserved and reserved.trouble then error(reserved.trouble) end
  return {'OK', string.format('%.0f', last)}
end

-- A *node* is one pub/sub connection of a recorder, and has a channel of its own: a node that is not subscribed there
-- is gone.
local function is_heard(node)
  return call('PUBSUB', 'NUMSUB', CHANNELS .. 'node:' .. node)[2] > 0
end

-- The node that holds one of the two leases, the seat or the standby's; nil: none does, or that node is gone.
local function lease_owner(key)
  local node = call('GET', key)
  return node and is_heard(node) and node or nil
end

-- Is there a member other than this node? Members have every message that is not recorded yet.
local function has_other_member(node, now)
  call('ZREMRANGEBYSCORE', KEY.members, '-inf', string.format('(%.0f', now))
  local found = false
  for _, member in ipairs(call('ZRANGE', KEY.members, 0, -1)) do
    if member ~= node then
      if is_heard(member) then found = true else call('ZREM', KEY.members, member) end
    end
  end
  return found
end

-- Must a node that is not synced leave a new era to those that are? They know what was not recorded yet, and are known by a
-- channel that they subscribe to, also if all keys were deleted. One that hangs is not waited for longer than a member.
local function must_await_synced(now, lease)
  if call('PUBSUB', 'NUMSUB', CHANNELS .. 'synced')[2] == 0 then return false end
  local limit = MEMBER_LEASES * lease
  local since = tonumber(call_ours('HGET', KEY.era, 'awaited') or 0)
  if now - since <= limit then return true end
  if now - since <= 2 * limit then return false end
  call('HSET', KEY.era, 'awaited', string.format('%.0f', now)) -- what is older was about something else
  return true
end

local function member_add(node, lease, now)
  call('ZADD', KEY.members, string.format('%.0f', now + MEMBER_LEASES * lease), node)
end

local function seat_give(node, lease)
  call('SET', KEY.seat, node, 'PX', lease)
  if call('GET', KEY.standby) == node then call('DEL', KEY.standby) end
end

-- Begin a new era, whose message 1 is the first that this node has queued. Its number is the time in µs, so that none
-- is used twice, even if Redis loses its newest writes. Published on control: `era <n> <node> <ms since the seat was
-- last held; 0: it never was>`.
local function era_open(node, filter, current, lease, now)
  local time = call('TIME')
  local era = string.format('%.0f', math.max(time[1] * 1000000 + time[2], tonumber(current) + 1))
  local held = tonumber(call('HGET', KEY.era, 'held') or now)
  call('HSET', KEY.era, 'era', era, 'last', '0', 'rules', filter, 'held', string.format('%.0f', now), 'awaited', '0',
    'vacancy', '0')
  call('DEL', KEY.members)
  seat_give(node, lease)
  member_add(node, lease, now)
  call('PUBLISH', CONTROL, string.format('era %s %s %.0f', era, node, now - held))
  return era
end

-- The key `era` was deleted, and a synced node may open a new one, with what it has queued. It must have received all
-- announcements first, so that nothing of that was recorded. It proves that with a number that it is sent behind them.
local function has_heard_all(node, heard)
  local vacancy = call('HGET', KEY.era, 'vacancy')
  if vacancy and vacancy ~= '0' and vacancy == heard then return true end
  if not vacancy or vacancy == '0' then
    local time = call('TIME')
    vacancy = string.format('%.0f', time[1] * 1000000 + time[2])
    call('HSET', KEY.era, 'vacancy', vacancy)
  end
  call('PUBLISH', CHANNELS .. 'node:' .. node, 'heard ' .. vacancy)
  return false
end

-- attend node lease filter claim era number heard: a node reports what it knows, and gets its role.
-- The claim:  waiting  it receives control only
--             joining  it has queued all messages since its place, where `number` was the last recorded one of `era`
--             synced   it has, or will receive, every message of `era` from `number` on
-- heard: the newest number that it was sent on its own channel (see has_heard_all); 0: none
-- -> {role, era, last}; the role:
--             holder   it records
--             standby  it is to receive everything, and to be the next holder
--             waiting  neither: another node is the standby, or there are members, and its filter is not the era's
--             anew     it needs a new place: something was recorded since its own, and no member knows what
--             gone     it needs a new connection: its place is void
-- Only a member holds the seat. A new era is opened only if there is no member, nothing of what the node has queued can
-- have been recorded, and no other node knows better what was not.
local function attend(argv)
  local node, lease, filter, claim, era, number, heard = unpack(argv)
  lease, number = tonumber(lease), tonumber(number)
  local now = clock_ms()
  local state = call('HMGET', KEY.era, 'era', 'last', 'rules')
  local current, last = state[1] or '0', tonumber(state[2] or '0')
  local function answer(role) return {role, current, string.format('%.0f', last)} end

  call('PUBLISH', CHANNELS .. 'node:' .. node, 'heard') -- so that it can tell that it receives messages
  if not is_heard(node) then return answer('gone') end
  keyspace(now) -- a new fleet's first key, by which others know that the next ones are a bridge's (events.lua)
  local is_current, is_synced = era == current, claim == 'synced'
  if is_synced and current == '0' then
    if not has_heard_all(node, heard) then return answer('standby') end
    call('DEL', KEY.members, KEY.seat)
  end
  local seat = lease_owner(KEY.seat)
  local is_member
  if is_synced and is_current then
    is_member = number <= last + 1
  else -- a node that has just opened the era, and has not received `era` yet
    is_member = call('ZSCORE', KEY.members, node)
  end
  if is_member then
    member_add(node, lease, now)
    if not seat or seat == node then
      seat_give(node, lease)
      call('HSET', KEY.era, 'held', string.format('%.0f', now))
      call('PUBLISH', CONTROL, 'renewed ' .. current .. ' ' .. node)
      return answer('holder')
    end
  elseif is_synced and is_current then
    call('ZREM', KEY.members, node)
    if seat == node then
      call('DEL', KEY.seat)
      seat = nil
    end
  end
  if seat == node then return answer('holder') end -- `era` is on its way to it

  local others = has_other_member(node, now)
  local may_open = not seat and not others and claim ~= 'waiting'
  if may_open and (is_synced or not must_await_synced(now, lease)) then
    local is_vacant = current == '0'
    local nothing_recorded = is_synced and (is_vacant or is_current) or is_current and number == last
    if nothing_recorded then
      current, last = era_open(node, filter, current, lease, now), 0
      return answer('holder')
    end
    if not is_synced and (is_vacant or is_current) then return answer('anew') end
  end
  if is_synced and not is_current then return answer('gone') end

  local standby = lease_owner(KEY.standby)
  if is_member and standby and not call('ZSCORE', KEY.members, standby) then standby = nil end -- not a member yet
  if (not standby or standby == node) and (filter == state[3] or current == '0' or not others) then
    call('SET', KEY.standby, node, 'PX', lease)
    return answer('standby')
  end
  return answer('waiting')
end

-- sync node nonce filter: publish a marker in the order of messages, and so ask synced nodes which ordinal was reached.
local function sync(argv)
  local state = call('HMGET', KEY.era, 'era', 'last')
  call('PUBLISH', CONTROL, table.concat({'sync', argv[1], argv[2], argv[3], state[1] or '0', state[2] or '0'}, ' '))
  return 'OK'
end

-- place era node nonce ordinal: answer a sync: the newest message before its marker has this ordinal.
local function place(argv)
  if call('HGET', KEY.era, 'era') == argv[1] then
    call('PUBLISH', CONTROL, table.concat({'place', argv[2], argv[3], argv[1], argv[4]}, ' '))
  end
  return 'OK'
end

-- leave node force: give up seat, standby and membership at once. Without force ('1') only if another member remains.
-- -> left, or nothing changed: coming (the standby is about to become a member), alone
local function leave(argv)
  local node, force = argv[1], argv[2] == '1'
  if not force and not has_other_member(node, clock_ms()) then
    local standby = lease_owner(KEY.standby)
    return standby and standby ~= node and 'coming' or 'alone'
  end
  for key, word in pairs({[KEY.seat] = 'vacant ' .. node, [KEY.standby] = 'vacant standby'}) do
    if call('GET', key) == node then
      call('DEL', key)
      call('PUBLISH', CONTROL, word)
    end
  end
  call('ZREM', KEY.members, node)
  return 'left'
end
