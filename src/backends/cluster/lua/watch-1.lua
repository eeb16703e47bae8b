#!lua
--[[
  An accumulated client watches a session; an unknown session stays unknown.

  KEYS[1] session meta
  ARGV[1] until when, epoch ms
  Answers { logId, head }; {} when the session is unknown or a reply is open in it.
]]
local known = redis.call('HMGET', KEYS[1], 'logId', 'acc', 'head', 'run')
if not known[1] then return {} end
if tonumber(ARGV[1]) > (tonumber(known[2]) or 0) then redis.call('HSET', KEYS[1], 'acc', ARGV[1]) end
if known[4] and known[4] ~= 'null' then return {} end
return { known[1], known[3] }
