-- names.lua: which channel names, payloads and event names are valid, and which channels a pattern matches.

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

-- U+0000 to U+001F, U+007F to U+009F (in UTF-8 C2 80 to C2 9F). Only for what is UTF-8.
local function has_control(text)
  return string.find(text, '[%z\1-\31\127]') or string.find(text, '\194[\128-\159]')
end

local function channel_error(channel)
  if #channel < 1 or #channel > 256 or not is_utf8(channel) or has_control(channel) then
    return redis.error_reply('BADCHANNEL a channel is 1 to 256 bytes of UTF-8 without control characters')
  end
  if string.sub(channel, 1, #HEAD_PREFIX) == HEAD_PREFIX then
    return redis.error_reply('BADCHANNEL names that begin with ' .. HEAD_PREFIX .. ' are internal')
  end
end

local function payload_error(payload)
  if #payload > MAX_PAYLOAD then
    return redis.error_reply(
      string.format('TOOBIG the payload has %d bytes; at most %d are accepted', #payload, MAX_PAYLOAD))
  end
end

local function event_error(event)
  if event == 'cursor' or event == 'gap' then
    return redis.error_reply('BADEVENT cursor and gap are reserved for the bridge\'s own events')
  end
  if #event > 256 or not is_utf8(event) or has_control(event) then
    return redis.error_reply('BADEVENT an event name is at most 256 bytes of UTF-8 without control characters')
  end
end

-- Match one part of a glob (a byte, ?, a class, an escaped byte) at `i`. -> whether it matches, where the next part is
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

-- Matches as PSUBSCRIBE does. Patterns come from browsers, so it backtracks to the last star only: at worst, time grows
-- with the glob's length times the name's.
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
