-- The meta's fields, and the seq of the oldest kept event (false: none is kept).
local function logView(metaKey, logKey)
  local oldest = redis.call('XRANGE', logKey, '-', '+', 'COUNT', 1)[1]
  return redis.call('HGETALL', metaKey), oldest and tonumber(string.match(oldest[1], '^%d+')) or 0
end
