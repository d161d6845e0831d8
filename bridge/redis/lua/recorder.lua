-- recorder.lua: plain messages, recorded once and in order; who does that, and who is next.

local MEMBER_LEASES = 3 -- so many leases a member that hangs still counts

-- record era first (channel payload)…: the compare-and-append. Only the next ordinal of the current era is appended,
-- so whoever sends, and however often, each plain message is recorded once and in order. A channel of '' stands for as
-- many ordinals as its payload says, and for no message: they are passed over.
-- -> {'OK' | 'STALE' | 'HOLE', last}
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
        if channel ~= '' then
          reserved = reserved or reserve((#argv - at + 1) / 2)
          append(reserved, channel, payload, '', '', 'r', era, string.format('%.0f', ordinal))
        end
        last = final
      end
      ordinal = final + 1
    end
  end)
  call('HSET', KEY.era, 'last', string.format('%.0f', last))
  if not is_done then error(trouble) end
  if reserved and reserved.trouble then error(reserved.trouble) end
  return {'OK', string.format('%.0f', last)}
end

-- A recorder's *node* is one pub/sub connection of it, and has a channel of its own: who is not subscribed there is gone.
local function is_heard(node)
  return call('PUBSUB', 'NUMSUB', PREFIX .. 'node:' .. node)[2] > 0
end

-- Who holds one of the two leases, the seat or the standby's; nil: nobody, or one that is gone.
local function lease_owner(key)
  local node = call('GET', key)
  return node and is_heard(node) and node or nil
end

-- Is there a member but this node? Members have everything that is not recorded yet.
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

local function member_add(node, lease, now)
  call('ZADD', KEY.members, string.format('%.0f', now + MEMBER_LEASES * lease), node)
end

local function seat_give(node, lease)
  call('SET', KEY.seat, node, 'PX', lease)
  if call('GET', KEY.standby) == node then call('DEL', KEY.standby) end
end

-- A new era, whose message 1 is the first that this node has queued. Its number is a time, so that none ever comes
-- twice, not even where Redis loses its newest writes. Told on control: `era <n> <node> <ms since somebody held the
-- seat, 0: nobody ever did>`.
local function era_open(node, filter, current, lease, now)
  local time = call('TIME')
  local era = string.format('%.0f', math.max(time[1] * 1000000 + time[2], tonumber(current) + 1))
  local held = tonumber(call('HGET', KEY.era, 'held') or now)
  call('HSET', KEY.era, 'era', era, 'last', '0', 'rules', filter, 'held', string.format('%.0f', now))
  call('DEL', KEY.members)
  seat_give(node, lease)
  member_add(node, lease, now)
  call('PUBLISH', CONTROL, string.format('era %s %s %.0f', era, node, now - held))
  return era
end

-- attend node lease filter claim era number: a node says what it knows, and is told what it is.
-- The claim:  waiting  it hears control only
--             joining  it has queued all messages since its place, when `number` was the last recorded one of `era`
--             synced   it has, or will hear, every message of `era` from `number` on
-- -> {role, era, last}; the role:
--             holder   records              standby  listens, to be the next      waiting  two others do that
--             anew     something was recorded since its place, and nobody is left who could tell it what: a new place
--             gone     its place is void: a new connection
-- Only a member holds the seat, and a new era is opened only where there is no member and nothing can have been
-- recorded of what the node has queued.
local function attend(argv)
  local node, lease, filter, claim, era, number = unpack(argv)
  lease, number = tonumber(lease), tonumber(number)
  local now = clock_ms()
  local state = call('HMGET', KEY.era, 'era', 'last', 'rules')
  local current, last = state[1] or '0', tonumber(state[2] or '0')
  local function answer(role) return {role, current, string.format('%.0f', last)} end

  call('PUBLISH', PREFIX .. 'node:' .. node, 'heard') -- for it to know that it hears
  if not is_heard(node) then return answer('gone') end
  local seat = lease_owner(KEY.seat)
  local is_current, is_synced = era == current, claim == 'synced'
  local is_member
  if is_synced and is_current then
    is_member = number <= last + 1
  else -- it opened the era itself, and has not heard so yet
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
  if seat == node then return answer('holder') end -- the word `era` is on its way

  local others = has_other_member(node, now)
  if not seat and not others and claim ~= 'waiting' then
    local nothing_recorded = current == '0' or is_current and (is_synced or number == last)
    if nothing_recorded then
      current, last = era_open(node, filter, current, lease, now), 0
      return answer('holder')
    end
    if is_current and not is_synced then return answer('anew') end
  end
  if is_synced and not is_current then return answer('gone') end

  local standby = lease_owner(KEY.standby)
  if is_member and standby and not call('ZSCORE', KEY.members, standby) then standby = nil end -- it is not there yet
  if (not standby or standby == node) and (filter == state[3] or current == '0' or not others) then
    call('SET', KEY.standby, node, 'PX', lease)
    return answer('standby')
  end
  return answer('waiting')
end

-- sync node nonce filter: mark a place in the order of things, and ask for its ordinal.
local function sync(argv)
  local state = call('HMGET', KEY.era, 'era', 'last')
  call('PUBLISH', CONTROL, table.concat({'sync', argv[1], argv[2], argv[3], state[1] or '0', state[2] or '0'}, ' '))
  return 'OK'
end

-- place era node nonce ordinal: the newest message before that place has this ordinal.
local function place(argv)
  if call('HGET', KEY.era, 'era') == argv[1] then
    call('PUBLISH', CONTROL, table.concat({'place', argv[2], argv[3], argv[1], argv[4]}, ' '))
  end
  return 'OK'
end

-- leave node force: give up seat, standby and membership at once. Without force ('1') only where another member goes on.
-- -> left, coming (somebody is about to become a member), alone
local function leave(argv)
  local node, force = argv[1], argv[2] == '1'
  if not force and not has_other_member(node, clock_ms()) then
    local standby = lease_owner(KEY.standby)
    return standby and standby ~= node and 'coming' or 'alone'
  end
  for key, word in pairs({[KEY.seat] = 'vacant', [KEY.standby] = 'vacant standby'}) do
    if call('GET', key) == node then
      call('DEL', key)
      call('PUBLISH', CONTROL, word)
    end
  end
  call('ZREM', KEY.members, node)
  return 'left'
end
