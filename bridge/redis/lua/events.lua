-- events.lua: keyspace notifications about another fleet's keys. Where two fleets record all notifications, each entry of
-- the one writes keys, which the other would record, and so on without end.
--
-- A key such as `app:position` may be anybody's. It is a bridge's if there is also `app:genesis`, with a position; the
-- recorders can't look there in the order of messages, but the call that records can. (So it must not cause a further
-- notification that counts: of what it writes in any case, `hset` on `era`, internal.c knows that it is a bridge's.)

local BRIDGE_KEYS = {'position', 'genesis', 'lost', 'channels', 'era', 'recorder', 'inbox', 'log:', 'key:'}
local PREFIX_MAX = 63

-- The key that a notification is about; nil: it is not a notification.
local function notified_key(channel, payload)
  if string.sub(channel, 1, 11) == '__keyevent@' then return payload end
  return string.match(channel, '^__keyspace@%d+__:(.*)$')
end

local function is_bridge_prefix(prefix)
  local genesis = redis.pcall('GET', prefix .. 'genesis') -- an ACL user may not be allowed to
  return type(genesis) == 'string' and position_split(genesis)
end

local function is_about_bridge(channel, payload)
  local key = string.sub(channel, 1, 5) == '__key' and notified_key(channel, payload)
  if not key then return false end
  for _, name in ipairs(BRIDGE_KEYS) do
    local at = string.find(key, name, 2, true)
    while at and at <= PREFIX_MAX + 1 do
      if is_bridge_prefix(string.sub(key, 1, at - 1)) then return true end
      at = string.find(key, name, at + 1, true)
    end
  end
  return false
end
