#!lua flags=allow-oom
--[[
  KEYS[1] audit:outbox  KEYS[2] audit:outbox:deltas  KEYS[3] audit:stats
  ARGV[...] keys of entries that are delivered
]]
local entries, bytes = 0, 0
for _, key in ipairs(ARGV) do
  for i = 1, 2 do
    local found = redis.call('XRANGE', KEYS[i], key, key)[1]
    if found then
      redis.call('XDEL', KEYS[i], key)
      entries, bytes = entries + 1, bytes + #found[2][2]
    end
  end
end
if entries > 0 then
  redis.call('HINCRBY', KEYS[3], 'entries', -entries)
  redis.call('HINCRBY', KEYS[3], 'bytes', -bytes)
end
return entries
