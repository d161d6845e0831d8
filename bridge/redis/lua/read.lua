-- read.lua: the entries after a position, and what is needed to tell whether any are missing.

-- A name is 'c' .. channel or 'p' .. pattern. -> the channels that may have entries from `ms` on, in the index's order
local function channels_of(name, ms)
  local bare = string.sub(name, 2)
  if string.sub(name, 1, 1) == 'c' then return {bare} end
  local found = {}
  for _, channel in ipairs(call('ZRANGEBYSCORE', KEY.channels, ms, '(+inf')) do -- without the mark
    if glob_match(bare, channel) then found[#found + 1] = channel end
  end
  return found
end

-- A channel's entries after a position and up to `to` ('+': no limit): at most `limit` entries, and at most `bytes` of
-- payload (or one entry).
-- -> entries, their payload's bytes, whether there are more
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

-- Entries of several channels that are merged into one page. Never much more than four pages are collected: above that
-- they are cut to one, and the channels that follow are read only up to its end, the horizon.
local function page_new(limit, bytes)
  return {limit = limit, bytes = bytes, entries = {}, size = 0, horizon = nil}
end

-- Sort the entries, and drop those that do not fit or lie behind the horizon.
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

-- read after limit bytes name…: the entries after a position, at most `limit`, with at most `bytes` of payload (or
-- one).
-- -> {newest, genesis, until, more, {has, oldest, trimmed, expired, missed, …}, {{position, channel, p, e, f, d}, …},
--     lost}
-- All entries up to `until` are in the answer; more: '1' if there are others after it. The fifth element is one flat
-- list of five values for each name; has: '1' if any entry is kept, and `oldest` is the oldest of these. A cursor has
-- missed entries of that name if it is before `trimmed` (the position of the entry before the oldest). It may have
-- missed some if it is before `expired` (up to there, entries can have expired without a trace, or are in the index and
-- in no log: evicted or deleted; or a pattern can't find their log) or `lost` (Redis itself lost entries). Who asks for
-- all, with the beginning as `after`, misses entries that are known to have been: the newest of them is at, or before,
-- `missed`.
local function read(argv)
  local after, limit, bytes = argv[1], tonumber(argv[2]), tonumber(argv[3])
  local now = clock_ms()
  local newest, genesis = keyspace(now)
  local extents, seen, page = {}, {}, page_new(limit, bytes)
  local expired = expired_before(now, newest, genesis)
  local is_ahead = position_before(newest, after)

  for i = 4, #argv do
    local is_pattern = string.sub(argv[i], 1, 1) == 'p'
    local trimmed, missed, gone, oldest, without_log = BEGIN, BEGIN, is_pattern and index_since(newest) or BEGIN, nil, nil
    for _, channel in ipairs(channels_of(argv[i], (position_split(after)))) do
      local log = PREFIX .. 'log:' .. channel
      local first = call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
      if first then
        local previous = field_of(first, 'p')
        trimmed = position_max(trimmed, previous)
        if after == BEGIN and field_of(first, 'n') == '' then missed = position_max(missed, previous) end
        if not oldest or position_before(first[1], oldest) then oldest = first[1] end
        if not is_ahead and not seen[channel] then
          seen[channel] = true
          page_add(page, channel, after)
        end
      else
        without_log = channel -- the last one has the newest position
      end
    end
    if without_log then gone = position_max(gone, index_newest(without_log)) end
    local forgets = is_pattern or not oldest
    extents[#extents + 1] = oldest and '1' or '0'
    extents[#extents + 1] = oldest or BEGIN
    extents[#extents + 1] = trimmed
    extents[#extents + 1] = position_max(forgets and expired or BEGIN, gone)
    extents[#extents + 1] = position_max(missed, gone)
  end

  page_cut(page)
  local out = {}
  for i, pair in ipairs(page.entries) do
    local entry = pair[1]
    out[i] = {entry[1], pair[2], field_of(entry, 'p'), field_of(entry, 'e'), field_of(entry, 'f'), field_of(entry, 'd')}
  end
  return {newest, genesis, page.horizon or position_max(newest, after), page.horizon and '1' or '0', extents, out,
    call('GET', KEY.lost) or BEGIN}
end

-- newest count name… -> the position after which the newest `count` entries of all these names come; the beginning if
-- there are fewer.
local function newest(argv)
  local count = tonumber(argv[1])
  local ids, seen, from = {}, {}, '-'
  local function cut() -- to the newest `count`; from then on, older ones need not be read
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
  if #ids < count then return BEGIN end
  local ms, seq = position_split(ids[#ids])
  if seq ~= '0' then return position_join(tonumber(ms), tonumber(seq) - 1) end
  return string.format('%.0f-18446744073709551615', tonumber(ms) - 1)
end
