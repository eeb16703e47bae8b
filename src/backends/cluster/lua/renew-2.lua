#!lua flags=allow-oom
--[[
  Keeps a node alive.

  KEYS[1] node:<id>:alive  KEYS[2] store:id
  ARGV[1] token of the join  ARGV[2] ms until it is dead  ARGV[3] known store id
  Answers 1; 0: it is dead already; -3: another store.
]]
local alive, storeKey = KEYS[1], KEYS[2]
local token, ttl, store = ARGV[1], ARGV[2], ARGV[3]

if redis.call('GET', storeKey) ~= store then return -3 end
if redis.call('GET', alive) ~= token then return 0 end
redis.call('PEXPIRE', alive, ttl)
return 1
