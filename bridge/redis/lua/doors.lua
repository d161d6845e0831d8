-- doors.lua: the functions that can be called.

if VERSION == '' then
  -- FCALL bridge_publish 1 <channel> <payload> [event] -> position
  -- The entry is in the log when the call returns. If it returns an error, such as BADCHANNEL, TOOBIG or BADEVENT,
  -- nothing was recorded. Without any argument it returns its usage: bridges ask so whether it is there, and would be
  -- accepted (see caller_probe).
  local usage = 'usage: FCALL ' .. NAME .. '_publish 1 <channel> <payload> [event]'
  redis.register_function(NAME .. '_publish', function(keys, argv)
    if #keys == 0 and #argv == 0 then return usage end
    if #keys ~= 1 or #argv < 1 or #argv > 2 then return redis.error_reply('ERR ' .. usage) end
    return enter() or publish(keys[1], argv[1], argv[2] or '', '', '')
  end)
else
  local function register(name, fn, flags)
    redis.register_function{
      function_name = NAME .. '_' .. VERSION .. '_' .. name,
      callback = function(keys, argv) return enter(keys[1]) or fn(argv) end,
      flags = flags or {},
    }
  end
  register('publish', function(argv) return publish(argv[1], argv[2], argv[3], argv[4], argv[5]) end)
  register('record', record)
  register('inbox', inbox)
  -- These write a few bytes at most; listening and resuming must go on even if Redis is out of memory.
  register('beat', beat, {'allow-oom'})
  register('witness', witness, {'allow-oom'})
  register('read', read, {'allow-oom'})
  register('newest', newest, {'allow-oom'})
  register('attend', attend, {'allow-oom'})
  register('sync', sync, {'allow-oom'})
  register('place', place, {'allow-oom'})
  register('leave', leave, {'allow-oom'})
  if SPACE ~= '' then register('apart', apart, {'allow-oom'}) end
end
