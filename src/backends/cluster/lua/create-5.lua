#!lua
--[[
  Makes the log of a session that has none.

  KEYS[1] session meta  KEYS[2] session log  KEYS[3] session ops  KEYS[4] store:id  KEYS[5] store:settling
  ARGV[1] known store id  ARGV[2] life of an empty log, ms  ARGV[3...] fields and values of the new meta
  Answers {1, fields and values, oldest seq}; {-3}: another store; {-4, ms}: cannot tell yet whether there is one.
]]
local metaKey, logKey, opsKey, storeKey, settlingKey = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local store, emptyMs = ARGV[1], ARGV[2]
-- @include log-view

if redis.call('GET', storeKey) ~= store then return {-3} end
if redis.call('EXISTS', metaKey) == 0 then
  local settling = redis.call('PTTL', settlingKey)
  if settling > 0 then return {-4, settling} end
  redis.call('DEL', logKey, opsKey)
  redis.call('HSET', metaKey, 'store', store, 'head', '0', 'stored', '0', 'epoch', '0', unpack(ARGV, 3))
  redis.call('PEXPIRE', metaKey, emptyMs)
end
return {1, logView(metaKey, logKey)}
