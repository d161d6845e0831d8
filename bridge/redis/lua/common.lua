-- common.lua: the beginning of the Lua library. Its functions do all of the bridge's writing to Redis, and each call is
-- atomic. The library is one text, joined from the files of this folder: common, names, publish, read, beat, events,
-- space, recorder, inbox, doors.
--
-- Backends publish in one of three ways:
--   PUBLISH <channel> <payload>
--       recorded if a recorder receives it, and the channel is in BRIDGE_CHANNELS and not in BRIDGE_EPHEMERAL
--   XADD <PREFIX>inbox * channel <channel> data <payload> [event <event>]
--       recorded, or moved to inbox:rejected, as soon as a recorder runs: see inbox.lua
--   FCALL <NAME>_publish 1 <channel> <payload> [event]
--       recorded when the call returns: see doors.lua
--
-- The program loads the text twice, as two libraries, each time with a head that names the library and sets:
--   NAME         what function names begin with ("bridge")
--   VERSION      "" in the library for backends; "v2" in the bridge's own, so that two releases can run side by side
--   PREFIX       what keys and channels begin with ("bridge:")
--   SPACE        what channels have behind that: "" in database 0, else "@<database>:" (see apart)
--   LENGTH, TTL  how many entries a log keeps, at least, and for how many ms after its newest entry
--   MAX_PAYLOAD  in bytes
--
-- A position is "<ms>-<seq>", and increases over all channels. The keys, without PREFIX:
--   position          the newest position
--   database          the SPACE of this database, for FCALL <NAME>_publish, which can't know it; absent in database 0
--   genesis           the position at which this keyspace began
--   lost              cursors before this position may miss entries that Redis lost (see witness); may be absent
--   log:<channel>     stream of entries; the ids are positions. Fields: d payload, p position of the entry before it in
--                     this channel; only if there are any: e event (\1<reason>: see record_loss), f sender, n `1` if `p` is no entry's, but where one
--                     may have been that expired without a trace
--   channels          sorted set, the index: channel -> its newest position, as a number (see index_add); kept for an
--                     hour longer than the log, or also if the log is gone. And a mark, see index_since
--   channels:since    patterns can't find entries up to this position, because `channels` was deleted (see index_since)
--   key:…             position of a publish with an idempotency key; expires after 2 minutes
--   era               hash: era (the current one), last (its last recorded ordinal), rules (hash of the settings that
--                     decide which messages count), held (clock in ms when a holder last attended), awaited (see
--                     must_await_synced), vacancy (see has_heard_all)
--   recorder          the seat, a lease: the node that records
--   recorder:standby  a lease, too: the node that is to record next
--   recorder:members  sorted set: node -> clock in ms until which it counts as a member (see has_other_member)
--   inbox             stream that backends add to
--   inbox:position    id of the newest entry that was taken from the inbox
--   inbox:rejected    stream of inbox entries that were rejected, with `reason` and `id`; about the newest 1000
-- The channels, without PREFIX and SPACE:
--   live:<channel>    each entry of the channel, announced as it is appended (see append)
--   control           messages to all workers and recorders (listed in control.h)
--   beat:<worker>     the newest position, for one worker (see beat)
--   node:<node>       `heard`, for one node of a recorder, each time it attends; or `heard <number>` (see has_heard_all)
--   synced            nothing: its subscribers are the nodes that have every message that is not recorded yet
--   aware, aware:<database>   nothing is said there: see are_all_aware and take_space

-- A function of our own, because redis.call does not exist yet while the library is being loaded.
local function call(...) return redis.call(...) end

---------------------------------------------------------------------------------------------------- the prefix

-- From here on, PREFIX, KEY (the keys with fixed names), CHANNELS (what the names of channels begin with) and CONTROL
-- belong to the current call: enter() sets them.
local HEAD_PREFIX = PREFIX
local KEY, CHANNELS, CONTROL

local function use_space(space)
  CHANNELS = PREFIX .. space
  CONTROL = CHANNELS .. 'control'
end

-- A call declares KEYS[1] = <prefix>position, and its prefix is taken from there: the head's, or that of a shard, which
-- is the head's and a hash tag ("bridge:{t}:"). A call without keys, as the previous release makes it, has the head's.
-- -> nil, or an error if the key is not valid
local function enter(declared)
  declared = declared or HEAD_PREFIX .. 'position'
  if KEY and declared == KEY.position then return end
  local prefix = string.match(declared, '^(.*)position$')
  local is_ours = prefix and string.sub(prefix, 1, #HEAD_PREFIX) == HEAD_PREFIX
  if not is_ours or #prefix > #HEAD_PREFIX and not string.find(prefix, '^{[^{}]+}:$', #HEAD_PREFIX + 1) then
    return redis.error_reply('BADKEY KEYS[1] must be ' .. HEAD_PREFIX .. 'position')
  end
  PREFIX = prefix
  use_space(SPACE)
  KEY = {
    position = declared, genesis = prefix .. 'genesis', lost = prefix .. 'lost', channels = prefix .. 'channels',
    since = prefix .. 'channels:since', database = prefix .. 'database',
    era = prefix .. 'era', seat = prefix .. 'recorder', standby = prefix .. 'recorder:standby',
    members = prefix .. 'recorder:members', inbox = prefix .. 'inbox', inbox_position = prefix .. 'inbox:position',
    rejected = prefix .. 'inbox:rejected',
  }
end

---------------------------------------------------------------------------------------------------- positions

-- Both numbers of a position from a browser may have 64 bits, more than a Lua number can hold, so they are compared as
-- text: the longer one is larger, and equally long ones compare digit by digit.

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

-- In the key `database`, the bridges tell the library for backends which space the channels of this database are in. If
-- it was deleted, the next call of ours that comes here writes it again.
local function mind_space(kept)
  if VERSION == '' then use_space(kept and string.match(kept, '^@%d+:$') or '')
  elseif SPACE ~= '' and kept ~= SPACE then call('SET', KEY.database, SPACE) end
end

local find_space -- in space.lua

-- -> the newest position, and genesis. If one of them is missing, the keyspace is new (or was flushed), and begins now:
-- one millisecond ahead of the clock, so that every cursor from before is older.
local function keyspace(now)
  local found = call('MGET', KEY.position, KEY.genesis, KEY.database)
  local position, genesis = found[1], found[2]
  mind_space(found[3])
  if position and genesis then return position, genesis end
  if VERSION == '' and not found[3] then use_space(find_space()) end
  local ms = now + 1
  if position then ms = math.max(ms, tonumber((position_split(position))) + 1) end
  genesis = position_join(ms, 0)
  call('SET', KEY.genesis, genesis)
  call('SET', KEY.position, genesis)
  call('PUBLISH', CONTROL, 'genesis ' .. genesis) -- what workers remember from before is void
  return genesis, genesis
end

-- The newest position at which an entry can have expired without leaving a trace. An entry lives for TTL by the clock,
-- and its position is never behind the clock. If positions are ahead of the clock (it was set back), any entry can have
-- expired. No entry is newer than the newest position.
local function expired_before(now, position, genesis)
  local limit = now - TTL
  if tonumber((position_split(position))) > now + 1 then return position end
  if tonumber((position_split(genesis))) > limit then return BEGIN end
  local edge = position_join(limit + 1, 0)
  return position_before(position, edge) and position or edge
end

---------------------------------------------------------------------------------------------------- keys and entries

-- A command on one of our keys. A value of another type got there by accident: it is deleted, or it would keep messages
-- from being recorded for ever.
local function call_ours(command, key, ...)
  local answer = redis.pcall(command, key, ...)
  if type(answer) ~= 'table' or not answer.err then return answer end
  if not string.find(answer.err, 'WRONGTYPE', 1, true) then error(answer) end
  call('DEL', key)
  return call(command, key, ...)
end

-- The index outlives a log that was evicted or deleted, so what such a log had can be told from what never was. A score
-- is ms + seq / 4096: a double has just enough bits for a clock in ms and 12 more. The previous release wrote ms alone,
-- which is a position before the real one.
local INDEX_SEQ_MAX = 4095

local function index_add(channel, ms, seq)
  return string.format('%.17g', ms + math.min(seq, INDEX_SEQ_MAX) / (INDEX_SEQ_MAX + 1)), channel
end

-- A score, or false; read with ZADD, which all users may use who publish.
local function index_score(channel)
  return call_ours('ZADD', KEY.channels, 'XX', 'INCR', 0, channel)
end

-- The index has a mark, a channel without a name. If the mark is missing, the index was deleted, and patterns can't find the
-- logs of before: that is kept in `since`. Without `since` the index is new, or the previous release's.
-- -> patterns can't find entries up to this position
local function index_since(newest)
  local since = call('GET', KEY.since)
  if since and index_score('') then return since end
  call_ours('ZADD', KEY.channels, '+inf', '')
  since = since and newest or BEGIN
  call('SET', KEY.since, since)
  return since
end

-- The newest position that the index knows of a channel; BEGIN: none.
local function index_newest(channel)
  local score = tonumber(index_score(channel) or nil)
  if not score then return BEGIN end
  local ms = math.floor(score)
  return position_join(ms, (score - ms) * (INDEX_SEQ_MAX + 1))
end

local function field_of(entry, name)
  local fields = entry[2]
  for i = 1, #fields, 2 do
    if fields[i] == name then return fields[i + 1] end
  end
  return ''
end
