#!lua flags=allow-oom
--[[
  Frees sessions of a node that is dead, or that leaves; at most `limit` of them.

  KEYS[1] nodes  KEYS[2] node:<id>:alive  KEYS[3] node:<id>:sessions  KEYS[4] unsaved  KEYS[5] unowned
  ARGV[1] node id  ARGV[2] limit  ARGV[3] 1: the node itself asks, and dies by it
  Answers how many are left; -1: the node is alive, nothing was done.
]]
local nodesKey, alive, sessions, unsaved, unowned = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local nodeId, limit, leaving = ARGV[1], ARGV[2], ARGV[3] == '1'
-- @include keys

if leaving then
  redis.call('DEL', alive)
elseif redis.call('EXISTS', alive) == 1 then
  return -1
end
for _, session in ipairs(redis.call('SPOP', sessions, limit)) do
  local owner = redis.call('GET', ownerKeyOf(session))
  if owner and nodeOf(owner) == nodeId then
    redis.call('DEL', ownerKeyOf(session))
    owner = false
  end
  local since = redis.call('ZSCORE', unsaved, session)
  if since and not owner then redis.call('ZADD', unowned, since, session) end
end
local left = redis.call('SCARD', sessions)
if left == 0 then redis.call('SREM', nodesKey, nodeId) end
return left
