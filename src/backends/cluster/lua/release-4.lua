#!lua flags=allow-oom
--[[
  KEYS[1] session owner  KEYS[2] node:<id>:sessions  KEYS[3] unsaved  KEYS[4] unowned
  ARGV[1] session id  ARGV[2] lease as '<nodeId>/<epoch>'
  Answers 1; 0: that is not the current lease, nothing was done.
]]
local ownerKey, sessions, unsaved, unowned = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local session, lease = ARGV[1], ARGV[2]

if redis.call('GET', ownerKey) ~= lease then return 0 end
redis.call('DEL', ownerKey)
redis.call('SREM', sessions, session)
local since = redis.call('ZSCORE', unsaved, session)
if since then redis.call('ZADD', unowned, since, session) end
return 1
