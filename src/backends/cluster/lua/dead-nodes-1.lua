#!lua flags=no-writes
--[[
  KEYS[1] nodes
  Answers the ids of joined nodes that are not alive.
]]
-- @include keys
local dead = {}
for _, node in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  if redis.call('EXISTS', aliveKey(node)) == 0 then dead[#dead + 1] = node end
end
return dead
