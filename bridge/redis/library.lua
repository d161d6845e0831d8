-- library.lua: all that is ever written to Redis is written by these functions, each of them atomic.
--
-- The program puts a head in front of this text, which names the library and sets:
--   NAME     what function names begin with ("bridge")
--   VERSION  "" for the library of the functions that backends call, else "v1": two releases can run side by side
--   PREFIX   of keys and channels ("bridge:"), LENGTH and TTL of a log, MAX_PAYLOAD in bytes
--
-- Keys      position  the newest position            genesis  the position at which this keyspace began
--           log:<c>   stream of one channel          channels sorted set: channel -> ms of its last position
--           lost      cursors before this position may miss what Redis lost (see witness)
--           key:…     position of a publish with an idempotency key, for 2 minutes
--           era       hash: era, last (ordinal), rules (hash of what counts), held (ms of the newest attend of a holder)
--           recorder  the seat, with an expiry
--           recorder:standby  the standby's lease    recorder:members  sorted set: node -> ms until which it counts
--           inbox     stream that others add to      inbox:position, inbox:rejected
--
-- A position is "<ms>-<seq>". Positions from browsers may have 64 bits, more than a Lua number holds, so positions are
-- compared as text: longer is larger, and equally long ones compare digit by digit.

local KEY_POSITION, KEY_GENESIS, KEY_LOST = PREFIX .. 'position', PREFIX .. 'genesis', PREFIX .. 'lost'
local KEY_CHANNELS, KEY_ERA, KEY_INBOX = PREFIX .. 'channels', PREFIX .. 'era', PREFIX .. 'inbox'
local KEY_SEAT, KEY_STANDBY = PREFIX .. 'recorder', PREFIX .. 'recorder:standby'
local KEY_MEMBERS = PREFIX .. 'recorder:members'
local CONTROL = PREFIX .. 'control'
local BEGIN = '0-0'
local IDEMPOTENCY_MS = 120000
local MEMBER_LEASES = 3 -- so many leases a member that hangs still counts
local REJECTED_LENGTH, REJECTED_FIELDS, REJECTED_BYTES = 1000, 32, 1024

-- redis.call is not there yet while the library is loaded.
local function call(...) return redis.call(...) end

---------------------------------------------------------------------------------------------------- positions

local function position_split(position)
  return string.match(position, '^(%d+)-(%d+)$')
end

local function position_join(ms, seq)
  return string.format('%.0f-%.0f', ms, seq)
end

local function number_before(a, b)
  if #a ~= #b then return #a < #b end
  return a < b
end

local function position_before(a, b)
  local a_ms, a_seq = position_split(a)
  local b_ms, b_seq = position_split(b)
  if a_ms ~= b_ms then return number_before(a_ms, b_ms) end
  return number_before(a_seq, b_seq)
end

local function position_max(a, b)
  if position_before(a, b) then return b end
  return a
end

local function clock_ms()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The keyspace as it stands: the newest position, and genesis. Where one of them is missing, the keyspace is new (or
-- was flushed), and begins now: one millisecond ahead, so that every cursor from an earlier life is older.
local function keyspace(now)
  local both = call('MGET', KEY_POSITION, KEY_GENESIS)
  local position, genesis = both[1], both[2]
  if position and genesis then return position, genesis end
  local ms = now + 1
  if position then ms = math.max(ms, tonumber((position_split(position))) + 1) end
  genesis = position_join(ms, 0)
  call('SET', KEY_GENESIS, genesis)
  call('SET', KEY_POSITION, genesis)
  call('PUBLISH', CONTROL, 'genesis ' .. genesis) -- what workers remember from before is void
  return genesis, genesis
end

-- The newest position at which an entry can have expired without a trace. An entry lives TTL by the clock, and its
-- position is never behind the clock; where positions are ahead (the clock was set back), nothing is certain. Nothing
-- is newer than the newest position.
local function expired_before(now, position, genesis)
  local limit = now - TTL
  if tonumber((position_split(position))) > now + 1 then return position end
  if tonumber((position_split(genesis))) > limit then return BEGIN end
  local edge = position_join(limit + 1, 0)
  return position_before(position, edge) and position or edge
end

---------------------------------------------------------------------------------------------------- names

local function is_utf8(text)
  if not string.find(text, '[\128-\255]') then return true end
  local i, n = 1, #text
  while i <= n do
    local a, b, c, d = string.byte(text, i, i + 3)
    local function tail(x) return x and x >= 0x80 and x <= 0xBF end
    if a < 0x80 then i = i + 1
    elseif a >= 0xC2 and a <= 0xDF and tail(b) then i = i + 2
    elseif a >= 0xE0 and a <= 0xEF and tail(b) and tail(c) and not (a == 0xE0 and b < 0xA0)
       and not (a == 0xED and b > 0x9F) then i = i + 3
    elseif a >= 0xF0 and a <= 0xF4 and tail(b) and tail(c) and tail(d) and not (a == 0xF0 and b < 0x90)
       and not (a == 0xF4 and b > 0x8F) then i = i + 4
    else return false end
  end
  return true
end

local function channel_error(channel)
  if #channel < 1 or #channel > 256 or string.find(channel, '[%z\1-\31\127]') or not is_utf8(channel) then
    return redis.error_reply('BADCHANNEL a channel is 1 to 256 bytes of UTF-8 without control characters')
  end
  if string.sub(channel, 1, #PREFIX) == PREFIX then
    return redis.error_reply('BADCHANNEL names that begin with ' .. PREFIX .. ' are internal')
  end
end

local function payload_error(payload)
  if #payload > MAX_PAYLOAD then
    return redis.error_reply(
      string.format('TOOBIG the payload has %d bytes, at most %d are accepted', #payload, MAX_PAYLOAD))
  end
end

local function event_error(event)
  if event == 'cursor' or event == 'gap' then
    return redis.error_reply('BADEVENT cursor and gap are the names of the bridge\'s own events')
  end
  if #event > 256 or string.find(event, '[%z\1-\31\127]') or not is_utf8(event) then
    return redis.error_reply('BADEVENT an event name is at most 256 bytes of UTF-8 without control characters')
  end
end

-- One part of a glob (a byte, ?, a class, an escaped byte) at `i`. -> whether it takes the byte, where the next part is
local function part_takes(glob, i, byte)
  local c = string.sub(glob, i, i)
  if c == '?' then return true, i + 1 end
  if c == '\\' and i < #glob then return string.byte(glob, i + 1) == byte, i + 2 end
  if c ~= '[' then return string.byte(c) == byte, i + 1 end
  local is_not, is_in = false, false
  i = i + 1
  if string.sub(glob, i, i) == '^' then is_not, i = true, i + 1 end
  while i <= #glob and string.sub(glob, i, i) ~= ']' do
    local from, to = string.byte(glob, i), nil
    if from == 92 and i < #glob then
      i = i + 1
      from = string.byte(glob, i)
    elseif string.sub(glob, i + 1, i + 1) == '-' and i + 2 <= #glob then
      to = string.byte(glob, i + 2)
      i = i + 2
    end
    to = to or from
    if from > to then from, to = to, from end
    is_in = is_in or (from <= byte and byte <= to)
    i = i + 1
  end
  return is_in ~= is_not, i + 1
end

-- As PSUBSCRIBE matches. Only the last star is ever tried again, so time grows with glob times name at worst: patterns
-- come from browsers.
local function glob_match(glob, name)
  local g, n, star, retry = 1, 1, nil, nil
  if name == '' then return glob == '' end
  while n <= #name do
    local takes, next_part = false, nil
    if string.sub(glob, g, g) == '*' then
      g = g + 1
      if g > #glob then return true end
      star, retry = g, n
    else
      if g <= #glob then takes, next_part = part_takes(glob, g, string.byte(name, n)) end
      if takes then g, n = next_part, n + 1
      elseif star then
        retry = retry + 1
        g, n = star, retry
      else return false end
    end
  end
  while string.sub(glob, g, g) == '*' do g = g + 1 end
  return g > #glob
end

---------------------------------------------------------------------------------------------------- writing

local function field_of(entry, name)
  local fields = entry[2]
  for i = 1, #fields, 2 do
    if fields[i] == name then return fields[i + 1] end
  end
  return ''
end

-- Positions for `count` messages, taken before the first is written: whatever fails later, none is ever used twice.
local function reserve(count)
  local now = clock_ms()
  local last, genesis = keyspace(now)
  local ms, seq = position_split(last)
  ms, seq = tonumber(ms), tonumber(seq)
  if now > ms then ms, seq = now, -1 end
  call('SET', KEY_POSITION, position_join(ms, seq + count))
  return {ms = ms, seq = seq, now = now, expired = expired_before(now, last, genesis), newest = {}}
end

-- A command on a key of ours. What is of another type there is an accident, and must not keep anybody's messages from
-- being recorded for ever.
local function call_ours(command, key, ...)
  local answer = redis.pcall(command, key, ...)
  if type(answer) ~= 'table' or not answer.err then return answer end
  if not string.find(answer.err, 'WRONGTYPE', 1, true) then error(answer) end
  call('DEL', key)
  return call(command, key, ...)
end

-- The position of a channel's newest entry.
local function log_newest(log)
  local newest = call_ours('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
  return newest and newest[1]
end

-- A log whose newest id is ahead of all positions is from another life (the position was lost, and the clock set back).
local function log_add(log, position, fields)
  local added = redis.pcall('XADD', log, 'MAXLEN', '~', LENGTH, position, unpack(fields))
  if not added.err then return end
  if not string.find(added.err, 'equal or smaller', 1, true) then error(added) end
  call('DEL', log)
  call('XADD', log, position, unpack(fields))
end

-- Put one message into its channel's log and announce it on live. flag: e (echoed: the plain message follows within
-- the same function) or r (recorded: it was the plain message `ordinal` of `era`).
-- Nothing raises an error once the entry is in the log, or its sender would send it again: what goes wrong then is in
-- reserved.trouble, and those who hear nothing find the entry by its successor's `p`.
--
-- The announcement:  <position> <previous> <flag> <era> <ordinal> <event bytes> <from bytes>\n<event><from><payload>
local function append(reserved, channel, payload, event, from, flag, era, ordinal)
  reserved.seq = reserved.seq + 1
  local position = position_join(reserved.ms, reserved.seq)
  local log = PREFIX .. 'log:' .. channel
  local known = reserved.newest[channel]
  local previous = known or log_newest(log) or reserved.expired
  local fields = {'d', payload, 'p', previous}
  if event ~= '' then fields[#fields + 1], fields[#fields + 2] = 'e', event end
  if from ~= '' then fields[#fields + 1], fields[#fields + 2] = 'f', from end
  if not known then call_ours('ZADD', KEY_CHANNELS, string.format('%.0f', reserved.ms), channel) end
  log_add(log, position, fields)
  if not known then redis.pcall('PEXPIRE', log, TTL) end
  reserved.newest[channel] = position
  local told = redis.pcall('PUBLISH', PREFIX .. 'live:' .. channel,
    table.concat({position, previous, flag, era, ordinal, #event, #from}, ' ') .. '\n' .. event .. from .. payload)
  if type(told) == 'table' then reserved.trouble = told end
  return position
end

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
    redis.pcall('PUBLISH', CONTROL, 'unechoed') -- recorded it is, even where its publisher may not PUBLISH there
  end
  if seen then call('SET', seen, position, 'PX', IDEMPOTENCY_MS) end
  return position
end

-- record era first (channel payload)…: the compare-and-append. Only the next ordinal of the current era is appended,
-- so whoever sends, and however often, each plain message is recorded once and in order. A channel of '' stands for as
-- many ordinals as its payload says, and for no message: they are passed over.
-- -> {'OK' | 'STALE' | 'HOLE', last}
local function record(_, argv)
  local era, ordinal = argv[1], tonumber(argv[2])
  local state = call('HMGET', KEY_ERA, 'era', 'last')
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
  call('HSET', KEY_ERA, 'last', string.format('%.0f', last))
  if not is_done then error(trouble) end
  if reserved and reserved.trouble then error(reserved.trouble) end
  return {'OK', string.format('%.0f', last)}
end

-- witness position channel: somebody was told of this position, and, where a channel is given, of an entry there. Where
-- Redis does not know it any more (a crash or a failover lost what it had acknowledged, and it can't have been trimmed nor
-- have expired), all cursors from before now may miss what nobody can give them: some were away, some came back so early
-- that they passed the place before anybody noticed. That is remembered, and told to all workers.
-- -> the position before which cursors may miss something, where that is news; else 0-0
local function witness(_, argv)
  local seen, channel, now = argv[1], argv[2], clock_ms()
  local newest, genesis = keyspace(now)
  local is_lost = position_before(newest, seen)
  if not is_lost and channel ~= '' then
    local log = PREFIX .. 'log:' .. channel
    local first = call_ours('XRANGE', log, '-', '+', 'COUNT', 1)[1]
    local forgotten = first and field_of(first, 'p') or expired_before(now, newest, genesis)
    is_lost = position_before(forgotten, seen) and #call('XRANGE', log, seen, seen) == 0
  end
  local is_known = position_before(seen, genesis) or not position_before(call('GET', KEY_LOST) or BEGIN, seen)
  if not is_lost or is_known then return BEGIN end
  local ms, seq = position_split(position_max(newest, seen))
  local lost = position_join(tonumber(ms), tonumber(seq) + 1)
  call('SET', KEY_LOST, lost)
  call('SET', KEY_POSITION, lost) -- nothing new may come before it
  call('PUBLISH', CONTROL, 'lost ' .. lost)
  return lost
end

-- beat worker: tell this worker on its own channel the newest position: when it hears that, it has heard everything
-- up to there. Also forgets channels whose logs expired.
local function beat(_, argv)
  local now = clock_ms()
  local position = keyspace(now)
  call('ZREMRANGEBYSCORE', KEY_CHANNELS, '-inf', string.format('(%.0f', now - TTL))
  call('PUBLISH', PREFIX .. 'beat:' .. argv[1], position)
  return position
end

---------------------------------------------------------------------------------------------------- reading

-- Names come as 'c' .. channel or 'p' .. pattern. -> the channels that may have entries from `ms` on.
local function channels_of(name, ms)
  local bare = string.sub(name, 2)
  if string.sub(name, 1, 1) == 'c' then return {bare} end
  local found = {}
  for _, channel in ipairs(call('ZRANGEBYSCORE', KEY_CHANNELS, ms, '+inf')) do
    if glob_match(bare, channel) then found[#found + 1] = channel end
  end
  return found
end

-- A channel's entries after a position and up to `to` ('+': all): at most `limit`, and at most `bytes` of payload or
-- one entry.
-- -> entries, their bytes, whether there are more
local function log_page(log, after, to, limit, bytes)
  local entries, from, size = {}, '(' .. after, 0
  while #entries < limit and size < bytes do
    local wanted = math.min(32, limit - #entries)
    local part = call('XRANGE', log, from, to, 'COUNT', wanted)
    for _, entry in ipairs(part) do
      local more = #field_of(entry, 'd')
      if #entries > 0 and size + more > bytes then return entries, size, true end
      entries[#entries + 1] = entry
      size = size + more
    end
    if #part < wanted then return entries, size, false end
    from = '(' .. part[#part][1]
  end
  return entries, size, #call('XRANGE', log, from, to, 'COUNT', 1) > 0
end

-- Entries of several channels, on the way to becoming one page. What is collected never grows to much more than a page:
-- over four of them it is cut to one, and channels that follow are read only up to its end.
local function page_new(limit, bytes)
  return {limit = limit, bytes = bytes, entries = {}, size = 0, horizon = nil}
end

-- Sort, and drop what does not fit or lies behind the horizon.
local function page_cut(page)
  table.sort(page.entries, function(a, b) return position_before(a[1][1], b[1][1]) end)
  local kept, size = {}, 0
  for _, pair in ipairs(page.entries) do
    local position, more = pair[1][1], #field_of(pair[1], 'd')
    if page.horizon and position_before(page.horizon, position) then break end
    if #kept >= page.limit or (#kept > 0 and size + more > page.bytes) then
      page.horizon = kept[#kept][1][1]
      break
    end
    kept[#kept + 1], size = pair, size + more
  end
  page.entries, page.size = kept, size
end

local function page_add(page, channel, after)
  local to = page.horizon or '+'
  local entries, size, more = log_page(PREFIX .. 'log:' .. channel, after, to, page.limit, page.bytes)
  for _, entry in ipairs(entries) do page.entries[#page.entries + 1] = {entry, channel} end
  page.size = page.size + size
  if more and (not page.horizon or position_before(entries[#entries][1], page.horizon)) then
    page.horizon = entries[#entries][1]
  end
  if #page.entries > 4 * page.limit or page.size > 4 * page.bytes then page_cut(page) end
end

-- read after limit bytes name…
-- -> {newest, genesis, until, more, {has, oldest, trimmed, expired}…as one list, {position, channel, p, e, f, d}…, lost}
-- A cursor is complete for a name if it is not before `trimmed` (the position before the oldest entry that is kept) nor
-- before `expired` (what may have expired without a trace), nor before `lost` (what Redis itself has lost).
local function read(_, argv)
  local after, limit, bytes = argv[1], tonumber(argv[2]), tonumber(argv[3])
  local now = clock_ms()
  local newest, genesis = keyspace(now)
  local extents, seen, page = {}, {}, page_new(limit, bytes)
  local expired = expired_before(now, newest, genesis)
  local is_ahead = position_before(newest, after)

  for i = 4, #argv do
    local trimmed, oldest = BEGIN, nil
    for _, channel in ipairs(channels_of(argv[i], (position_split(after)))) do
      local log = PREFIX .. 'log:' .. channel
      local first = call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
      if first then
        trimmed = position_max(trimmed, field_of(first, 'p'))
        if not oldest or position_before(first[1], oldest) then oldest = first[1] end
        if not is_ahead and not seen[channel] then
          seen[channel] = true
          page_add(page, channel, after)
        end
      end
    end
    local forgets = string.sub(argv[i], 1, 1) == 'p' or not oldest
    extents[#extents + 1] = oldest and '1' or '0'
    extents[#extents + 1] = oldest or BEGIN
    extents[#extents + 1] = trimmed
    extents[#extents + 1] = forgets and expired or BEGIN
  end

  page_cut(page)
  local out = {}
  for i, pair in ipairs(page.entries) do
    local entry = pair[1]
    out[i] = {entry[1], pair[2], field_of(entry, 'p'), field_of(entry, 'e'), field_of(entry, 'f'), field_of(entry, 'd')}
  end
  return {newest, genesis, page.horizon or position_max(newest, after), page.horizon and '1' or '0', extents, out,
    call('GET', KEY_LOST) or BEGIN}
end

-- newest count name…: the position after which the newest `count` entries of all these names come.
local function newest(_, argv)
  local count = tonumber(argv[1])
  local position = keyspace(clock_ms())
  local ids, seen, from = {}, {}, '-'
  local function cut() -- to the newest `count`; older ones need not be looked for
    table.sort(ids, function(a, b) return position_before(b, a) end)
    for i = #ids, count + 1, -1 do ids[i] = nil end
    if #ids == count then from = ids[count] end
  end
  for i = 2, #argv do
    for _, channel in ipairs(channels_of(argv[i], '-inf')) do
      if not seen[channel] then
        seen[channel] = true
        for _, entry in ipairs(call('XREVRANGE', PREFIX .. 'log:' .. channel, '+', from, 'COUNT', count)) do
          ids[#ids + 1] = entry[1]
        end
        if #ids > 4 * count then cut() end
      end
    end
  end
  cut()
  local oldest = ids[#ids]
  if not oldest then return position end
  local ms, seq = position_split(oldest)
  if seq ~= '0' then return position_join(tonumber(ms), tonumber(seq) - 1) end
  return string.format('%.0f-18446744073709551615', tonumber(ms) - 1)
end

---------------------------------------------------------------------------------------------------- recorders

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
  call('ZREMRANGEBYSCORE', KEY_MEMBERS, '-inf', string.format('(%.0f', now))
  local found = false
  for _, member in ipairs(call('ZRANGE', KEY_MEMBERS, 0, -1)) do
    if member ~= node then
      if is_heard(member) then found = true else call('ZREM', KEY_MEMBERS, member) end
    end
  end
  return found
end

local function member_add(node, lease, now)
  call('ZADD', KEY_MEMBERS, string.format('%.0f', now + MEMBER_LEASES * lease), node)
end

local function seat_give(node, lease)
  call('SET', KEY_SEAT, node, 'PX', lease)
  if call('GET', KEY_STANDBY) == node then call('DEL', KEY_STANDBY) end
end

-- A new era, whose message 1 is the first that this node has queued. Its number is a time, so that none ever comes
-- twice, not even where Redis loses its newest writes. Told on control: `era <n> <node> <ms since somebody held the
-- seat, 0: nobody ever did>`.
local function era_open(node, filter, current, lease, now)
  local time = call('TIME')
  local era = string.format('%.0f', math.max(time[1] * 1000000 + time[2], tonumber(current) + 1))
  local held = tonumber(call('HGET', KEY_ERA, 'held') or now)
  call('HSET', KEY_ERA, 'era', era, 'last', '0', 'rules', filter, 'held', string.format('%.0f', now))
  call('DEL', KEY_MEMBERS)
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
local function attend(_, argv)
  local node, lease, filter, claim, era, number = unpack(argv)
  lease, number = tonumber(lease), tonumber(number)
  local now = clock_ms()
  local state = call('HMGET', KEY_ERA, 'era', 'last', 'rules')
  local current, last = state[1] or '0', tonumber(state[2] or '0')
  local function answer(role) return {role, current, string.format('%.0f', last)} end

  call('PUBLISH', PREFIX .. 'node:' .. node, 'heard') -- for it to know that it hears
  if not is_heard(node) then return answer('gone') end
  local seat = lease_owner(KEY_SEAT)
  local is_current, is_synced = era == current, claim == 'synced'
  local is_member
  if is_synced and is_current then
    is_member = number <= last + 1
  else -- it opened the era itself, and has not heard so yet
    is_member = call('ZSCORE', KEY_MEMBERS, node)
  end
  if is_member then
    member_add(node, lease, now)
    if not seat or seat == node then
      seat_give(node, lease)
      call('HSET', KEY_ERA, 'held', string.format('%.0f', now))
      call('PUBLISH', CONTROL, 'renewed ' .. current .. ' ' .. node)
      return answer('holder')
    end
  elseif is_synced and is_current then
    call('ZREM', KEY_MEMBERS, node)
    if seat == node then
      call('DEL', KEY_SEAT)
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

  local standby = lease_owner(KEY_STANDBY)
  if is_member and standby and not call('ZSCORE', KEY_MEMBERS, standby) then standby = nil end -- it is not there yet
  if (not standby or standby == node) and (filter == state[3] or current == '0' or not others) then
    call('SET', KEY_STANDBY, node, 'PX', lease)
    return answer('standby')
  end
  return answer('waiting')
end

-- sync node nonce filter: mark a place in the order of things, and ask for its ordinal.
local function sync(_, argv)
  local state = call('HMGET', KEY_ERA, 'era', 'last')
  call('PUBLISH', CONTROL, table.concat({'sync', argv[1], argv[2], argv[3], state[1] or '0', state[2] or '0'}, ' '))
  return 'OK'
end

-- place era node nonce ordinal: the newest message before that place has this ordinal.
local function place(_, argv)
  if call('HGET', KEY_ERA, 'era') == argv[1] then
    call('PUBLISH', CONTROL, table.concat({'place', argv[2], argv[3], argv[1], argv[4]}, ' '))
  end
  return 'OK'
end

-- leave node force: give up seat, standby and membership at once. Without force ('1') only where another member goes on.
-- -> left, coming (somebody is about to become a member), alone
local function leave(_, argv)
  local node, force = argv[1], argv[2] == '1'
  if not force and not has_other_member(node, clock_ms()) then
    local standby = lease_owner(KEY_STANDBY)
    return standby and standby ~= node and 'coming' or 'alone'
  end
  for key, word in pairs({[KEY_SEAT] = 'vacant', [KEY_STANDBY] = 'vacant standby'}) do
    if call('GET', key) == node then
      call('DEL', key)
      call('PUBLISH', CONTROL, word)
    end
  end
  call('ZREM', KEY_MEMBERS, node)
  return 'left'
end

---------------------------------------------------------------------------------------------------- the inbox

-- What an inbox entry says, by name; or nil, and why it says nothing.
local function inbox_parse(fields)
  local said = {}
  for i = 1, #fields, 2 do said[fields[i]] = fields[i + 1] end
  if not said.channel then return nil, 'there is no field `channel`' end
  if not said.data then return nil, 'there is no field `data`' end
  return said
end

local function is_matched(globs, channel)
  for _, glob in ipairs(globs) do
    if glob_match(glob, channel) then return true end
  end
  return false
end

-- nil, or why it was not published.
local function inbox_publish(said, served, ephemeral)
  local refusal = channel_error(said.channel) or payload_error(said.data) or event_error(said.event or '')
  if refusal then return refusal.err end
  if not is_matched(served, said.channel) then return 'BADCHANNEL the channel is not served: see BRIDGE_CHANNELS' end
  if is_matched(ephemeral, said.channel) then
    redis.pcall('PUBLISH', said.channel, said.data)
  else
    publish(said.channel, said.data, said.event or '', '', '')
  end
end

local function inbox_reject(id, fields, reason)
  local kept = {'reason', reason, 'id', id}
  for i = 1, math.min(#fields, REJECTED_FIELDS) do kept[i + 4] = string.sub(fields[i], 1, REJECTED_BYTES) end
  call_ours('XADD', KEY_INBOX .. ':rejected', 'MAXLEN', '~', REJECTED_LENGTH, '*', unpack(kept))
end

-- inbox limit bytes served… '' ephemeral…: record what is in the inbox, oldest first: at most `limit` entries, and about
-- `bytes` of data. What is done leaves the inbox within the same function, so nothing is ever done twice.
-- -> {done, rejected, why the newest of those was}
local function inbox(_, argv)
  local limit, bytes = tonumber(argv[1]), tonumber(argv[2])
  local served, ephemeral, list = {}, {}, nil
  for i = 3, #argv do
    if argv[i] == '' then list = ephemeral
    else
      list = list or served
      list[#list + 1] = argv[i]
    end
  end
  local done, size, rejected, why = 0, 0, 0, ''
  while done < limit and size < bytes do
    local entry = call('XRANGE', KEY_INBOX, '-', '+', 'COUNT', 1)[1]
    if not entry then break end
    local id, fields = entry[1], entry[2]
    local said, refusal = inbox_parse(fields)
    if said then refusal = inbox_publish(said, served, ephemeral) end
    if refusal then
      inbox_reject(id, fields, refusal)
      rejected, why = rejected + 1, refusal
    end
    call('XDEL', KEY_INBOX, id)
    call('SET', KEY_INBOX .. ':position', id)
    done, size = done + 1, size + (said and #said.data or 0)
  end
  return {string.format('%.0f', done), string.format('%.0f', rejected), why}
end

---------------------------------------------------------------------------------------------------- the doors

if VERSION == '' then
  -- FCALL bridge_publish 1 <channel> <payload> [event] -> position
  redis.register_function(NAME .. '_publish', function(keys, argv)
    if #keys ~= 1 or #argv < 1 or #argv > 2 then
      return redis.error_reply('ERR usage: FCALL ' .. NAME .. '_publish 1 <channel> <payload> [event]')
    end
    return publish(keys[1], argv[1], argv[2] or '', '', '')
  end)
else
  local function register(name, fn, flags)
    redis.register_function{function_name = NAME .. '_' .. VERSION .. '_' .. name, callback = fn, flags = flags or {}}
  end
  register('publish', function(_, argv) return publish(argv[1], argv[2], argv[3], argv[4], argv[5]) end)
  register('record', record)
  register('inbox', inbox)
  -- These write a few bytes at most; where Redis is out of memory, listening and resuming must go on.
  register('beat', beat, {'allow-oom'})
  register('witness', witness, {'allow-oom'})
  register('read', read, {'allow-oom'})
  register('newest', newest, {'allow-oom'})
  register('attend', attend, {'allow-oom'})
  register('sync', sync, {'allow-oom'})
  register('place', place, {'allow-oom'})
  register('leave', leave, {'allow-oom'})
end
