#!lua flags=no-writes
--[[
  KEYS[1] unowned  KEYS[2] store:id  KEYS[3] store:settling
  ARGV[1] limit  ARGV[2] known store id
  Answers ids of sessions, the longest unsaved first; none while the store settles: nobody could claim them.
]]
if redis.call('GET', KEYS[2]) ~= ARGV[2] or redis.call('EXISTS', KEYS[3]) == 1 then return {} end
return redis.call('ZRANGE', KEYS[1], 0, tonumber(ARGV[1]) - 1)
