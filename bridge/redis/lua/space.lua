-- space.lua: in another database than 0, where are the bridge's channels?

-- Does no bridge of the previous release run with this prefix, in whatever database? It is subscribed to `control` in the
-- space of database 0. All others there subscribe to `aware` first.
local function are_all_aware()
  local found = call('PUBSUB', 'NUMSUB', PREFIX .. 'control', PREFIX .. 'aware')
  return found[4] >= found[2]
end

-- May this database's fleet have its channels in this space? Not while a bridge of the previous release runs: it takes what
-- it hears in the space of database 0, and the plain messages that follow entries of other databases, for its own. Those who
-- therefore have to share are subscribed to `aware:<database>`. Once a fleet is apart, it stays so.
local function take_space(space)
  local sharing = call('PUBSUB', 'NUMSUB', PREFIX .. 'aware:' .. string.match(space, '%d+'))[2]
  if sharing > 0 or not are_all_aware() then return false end
  call('SET', KEY.database, space)
  return true
end

-- apart: may the caller's fleet have its channels in SPACE? -> '1' or '0'
local function apart()
  return (call_ours('GET', KEY.database) or take_space(SPACE)) and '1' or '0'
end

-- -> the space of a keyspace that is new, for the library for backends: if it was flushed, and no bridge has written the key
-- `database` yet, what is published must not go to database 0. Redis tells nobody the number of a database, but refuses to
-- move a key, even one that is not there, to the database where it is. If the ACL user may not do that, it stays unknown.
find_space = function()
  local number, refusal = -1, nil
  while not refusal do
    number = number + 1
    local moved = redis.pcall('MOVE', KEY.database, number)
    refusal = type(moved) == 'table' and moved.err
  end
  if number == 0 or not string.find(refusal, 'are the same', 1, true) then return '' end
  local space = '@' .. number .. ':'
  local is_known, is_apart = pcall(take_space, space)
  return is_known and is_apart and space or ''
end
