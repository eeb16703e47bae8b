#!lua flags=allow-oom
--[[
  Declares a node dead, unless it joined anew meanwhile.

  KEYS[1] node:<id>:alive
  ARGV[1] token it was seen with
  Answers 1 when it is dead from now on, else 0.
]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return 1
