-- inbox.lua: record what backends added to the stream `inbox`, in order, each entry once.

local REJECTED_LENGTH, REJECTED_FIELDS, REJECTED_BYTES = 1000, 32, 1024

-- -> the fields of an inbox entry by name; or nil, and why the entry is not valid
local function inbox_parse(fields)
  local said = {}
  for i = 1, #fields, 2 do said[fields[i]] = fields[i + 1] end
  if not said.channel then return nil, 'the field `channel` is missing' end
  if not said.data then return nil, 'the field `data` is missing' end
  return said
end

local function is_matched(globs, channel)
  for _, glob in ipairs(globs) do
    if glob_match(glob, channel) then return true end
  end
  return false
end

-- -> nil, or why it was not published
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
  call_ours('XADD', KEY.rejected, 'MAXLEN', '~', REJECTED_LENGTH, '*', unpack(kept))
end

-- inbox limit bytes served… '' ephemeral…: record what is in the inbox, oldest first: at most `limit` entries, and
-- about `bytes` of data. Each entry is removed by the call that records or rejects it, so none is ever recorded twice.
-- -> {done, rejected, the reason of the newest rejection}
local function inbox(argv)
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
    local entry = call('XRANGE', KEY.inbox, '-', '+', 'COUNT', 1)[1]
    if not entry then break end
    local id, fields = entry[1], entry[2]
    local said, refusal = inbox_parse(fields)
    if said then refusal = inbox_publish(said, served, ephemeral) end
    if refusal then
      inbox_reject(id, fields, refusal)
      rejected, why = rejected + 1, refusal
    end
    call('XDEL', KEY.inbox, id)
    call('SET', KEY.inbox_position, id)
    done, size = done + 1, size + (said and #said.data or 0)
  end
  return {string.format('%.0f', done), string.format('%.0f', rejected), why}
end
