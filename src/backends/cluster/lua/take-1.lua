#!lua
--[[
  Takes one point of a window that begins with its first point.

  KEYS[1] the window
  ARGV[1] points  ARGV[2] ms
  Answers 0, or ms to wait.
]]
local taken = redis.call('INCR', KEYS[1])
if taken == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if taken <= tonumber(ARGV[1]) then return 0 end
return math.max(1, redis.call('PTTL', KEYS[1]))
