#!lua flags=allow-oom
--[[
  Begins the liveness of a node.

  KEYS[1] nodes  KEYS[2] node:<id>:alive  KEYS[3] store:id
  ARGV[1] node id  ARGV[2] token of this join  ARGV[3] ms until it is dead  ARGV[4] known store id
  Answers 1; -3: another store.
]]
local nodesKey, alive, storeKey = KEYS[1], KEYS[2], KEYS[3]
local nodeId, token, ttl, store = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

if redis.call('GET', storeKey) ~= store then return -3 end
redis.call('SADD', nodesKey, nodeId)
redis.call('SET', alive, token, 'PX', ttl)
return 1
