-- Writes `count` pairs of ARGV from `first` on (1: a delta, 0: not; JSON) and drops what is above `maxBytes`: the oldest
-- deltas first, then the oldest of the rest. Keys are never given twice, since they also grow with time.
local function addToOutbox(outbox, deltas, stats, maxBytes, first, count)
  if count == 0 then return end
  local found = redis.call('HMGET', stats, 'next', 'entries', 'bytes', 'shed')
  local id = math.max(tonumber(found[1]) or 0, micros())
  local entries, bytes, shed = tonumber(found[2]) or 0, tonumber(found[3]) or 0, tonumber(found[4]) or 0
  for i = 0, count - 1 do
    local delta, entry = ARGV[first + 2 * i], ARGV[first + 2 * i + 1]
    if #entry > maxBytes then
      shed = shed + 1
    else
      id = id + 1
      redis.call('XADD', delta == '1' and deltas or outbox, text(id) .. '-0', 'e', entry)
      entries, bytes = entries + 1, bytes + #entry
    end
  end
  while bytes > maxBytes do
    local from = deltas
    local oldest = redis.call('XRANGE', from, '-', '+', 'COUNT', 1)[1]
    if not oldest then
      from = outbox
      oldest = redis.call('XRANGE', from, '-', '+', 'COUNT', 1)[1]
    end
    if not oldest then break end
    redis.call('XDEL', from, oldest[1])
    entries, bytes, shed = entries - 1, bytes - #oldest[2][2], shed + 1
  end
  redis.call('HSET', stats, 'next', text(id), 'entries', text(entries), 'bytes', text(bytes), 'shed', text(shed))
end
