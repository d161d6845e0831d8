-- space.lua: in another database than 0, where are the bridge's channels?

-- apart: may this database's fleet have its channels in SPACE? Not while a bridge of the previous release runs with this
-- prefix, in whatever database: it is subscribed in the space of database 0, and takes what it hears there, and the
-- plain messages that follow entries of other databases, for its own. All who know better are subscribed to `aware`, too,
-- and those who have to share to `aware:<database>`. Once a fleet is apart, it stays so.
-- -> '1' or '0'
local function apart()
  if call_ours('GET', KEY.database) then return '1' end
  local aware = PREFIX .. 'aware'
  local found = call('PUBSUB', 'NUMSUB', PREFIX .. 'control', aware, aware .. ':' .. string.match(SPACE, '%d+'))
  local all, knowing, sharing = found[2], found[4], found[6]
  if all > knowing or sharing > 0 then return '0' end
  call('SET', KEY.database, SPACE)
  return '1'
end
