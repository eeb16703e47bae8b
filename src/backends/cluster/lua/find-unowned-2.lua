#!lua flags=allow-oom
--[[
  One step of a slow walk over the unsaved sessions: those whose lock ended by itself, or whose owner is dead and in no
  list of nodes, become unowned.

  KEYS[1] unsaved  KEYS[2] unowned
  ARGV[1] cursor, '0' at the beginning  ARGV[2] about how many to look at
  Answers the next cursor, '0' at the end.
]]
local unsaved, unowned = KEYS[1], KEYS[2]
local cursor, count = ARGV[1], ARGV[2]
-- @include keys

local step = redis.call('ZSCAN', unsaved, cursor, 'COUNT', count)
local found = step[2]
for i = 1, #found, 2 do
  local session, since = found[i], found[i + 1]
  local owner = redis.call('GET', ownerKeyOf(session))
  if owner and redis.call('EXISTS', aliveKey(nodeOf(owner))) == 0 then
    redis.call('DEL', ownerKeyOf(session))
    redis.call('SREM', sessionsKey(nodeOf(owner)), session)
    owner = false
  end
  if not owner then redis.call('ZADD', unowned, since, session) end
end
return step[1]
