#!lua flags=no-writes
--[[
  One consistent view of a log.

  KEYS[1] session meta  KEYS[2] session log  KEYS[3] store:id  KEYS[4] store:settling
  ARGV[1] known store id  ARGV[2] events after this seq; '' for none
  Answers {1, fields and values, oldest seq, stream entries}; {0}: no log; {-3}: another store; {-4, ms}: cannot tell yet.
]]
local metaKey, logKey, storeKey, settlingKey = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local store, after = ARGV[1], ARGV[2]
-- @include log-view

if redis.call('GET', storeKey) ~= store then return {-3} end
if redis.call('EXISTS', metaKey) == 0 then
  local settling = redis.call('PTTL', settlingKey)
  if settling > 0 then return {-4, settling} end
  return {0}
end
-- The reader saw events that are not there: a store that lost data forgot them, and while it settles their owner may
-- write them anew. Until then nobody is shown less than before.
if after ~= '' then
  local meta = redis.call('HMGET', metaKey, 'head', 'store')
  local settling = meta[2] ~= store and tonumber(after) > tonumber(meta[1]) and redis.call('PTTL', settlingKey) or 0
  if settling > 0 then return {-4, settling} end
end
local fields, oldest = logView(metaKey, logKey)
return {1, fields, oldest, after == '' and {} or redis.call('XRANGE', logKey, '(' .. after .. '-0', '+')}
