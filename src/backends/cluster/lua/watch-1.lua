#!lua
--[[
  An accumulated client watches a session; an unknown session stays unknown.

  KEYS[1] session meta
  ARGV[1] until when, epoch ms
]]
local known = redis.call('HMGET', KEYS[1], 'logId', 'acc')
if known[1] and tonumber(ARGV[1]) > (tonumber(known[2]) or 0) then redis.call('HSET', KEYS[1], 'acc', ARGV[1]) end
return 1
