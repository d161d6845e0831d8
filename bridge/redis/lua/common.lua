-- common.lua: all that is ever written to Redis is written by these functions, each of them atomic. They are one text,
-- joined from the files of this folder: common, names, publish, read, beat, recorder, inbox, doors.
--
-- The program puts a head in front of it, which names the library and sets:
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
-- Channels  live:<c>  each entry (see append)        control  words to all (control.h tells them)
--           beat:<w>  of one worker                  node:<n>  of one node of a recorder

-- redis.call is not there yet while the library is loaded.
local function call(...) return redis.call(...) end

---------------------------------------------------------------------------------------------------- the prefix

-- From here on PREFIX is that of the call, and so are the names that nothing else is a part of: enter() sets them.
local HEAD_PREFIX = PREFIX
local KEY, CONTROL

-- A call declares KEYS[1] = <prefix>position, and its prefix is taken from there: the head's, or that of a shard, which is the
-- head's and a hash tag ("bridge:{t}:"). One without keys, as the release before this one makes it, has the head's.
-- -> nil, or why the key is none
local function enter(declared)
  declared = declared or HEAD_PREFIX .. 'position'
  if KEY and declared == KEY.position then return end
  local prefix = string.match(declared, '^(.*)position$')
  local is_ours = prefix and string.sub(prefix, 1, #HEAD_PREFIX) == HEAD_PREFIX
  if not is_ours or #prefix > #HEAD_PREFIX and not string.find(prefix, '^{[^{}]+}:$', #HEAD_PREFIX + 1) then
    return redis.error_reply('BADKEY KEYS[1] is ' .. HEAD_PREFIX .. 'position')
  end
  PREFIX, CONTROL = prefix, prefix .. 'control'
  KEY = {
    position = declared, genesis = prefix .. 'genesis', lost = prefix .. 'lost', channels = prefix .. 'channels',
    era = prefix .. 'era', seat = prefix .. 'recorder', standby = prefix .. 'recorder:standby',
    members = prefix .. 'recorder:members', inbox = prefix .. 'inbox', inbox_position = prefix .. 'inbox:position',
    rejected = prefix .. 'inbox:rejected',
  }
end

---------------------------------------------------------------------------------------------------- positions

-- A position is "<ms>-<seq>". Positions from browsers may have 64 bits, more than a Lua number holds, so positions are
-- compared as text: longer is larger, and equally long ones compare digit by digit.

local BEGIN = '0-0'

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
  local both = call('MGET', KEY.position, KEY.genesis)
  local position, genesis = both[1], both[2]
  if position and genesis then return position, genesis end
  local ms = now + 1
  if position then ms = math.max(ms, tonumber((position_split(position))) + 1) end
  genesis = position_join(ms, 0)
  call('SET', KEY.genesis, genesis)
  call('SET', KEY.position, genesis)
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

---------------------------------------------------------------------------------------------------- keys and entries

-- A command on a key of ours. What is of another type there is an accident, and must not keep anybody's messages from
-- being recorded for ever.
local function call_ours(command, key, ...)
  local answer = redis.pcall(command, key, ...)
  if type(answer) ~= 'table' or not answer.err then return answer end
  if not string.find(answer.err, 'WRONGTYPE', 1, true) then error(answer) end
  call('DEL', key)
  return call(command, key, ...)
end

local function field_of(entry, name)
  local fields = entry[2]
  for i = 1, #fields, 2 do
    if fields[i] == name then return fields[i + 1] end
  end
  return ''
end
