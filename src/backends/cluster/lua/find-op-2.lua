#!lua flags=no-writes
--[[
  The first answer to an operation. An emptied store must not say that there was none: the repeat would be done again.

  KEYS[1] session ops  KEYS[2] store:id
  ARGV[1] known store id  ARGV[2] id of the operation
  Answers {1, result}; {0}: there is none; {-3}: another store.
]]
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return {-3} end
local result = redis.call('HGET', KEYS[1], ARGV[2])
return result and {1, result} or {0}
