#!lua flags=allow-oom
--[[
  History has everything up to a seq. When that is the head, the session stops being unsaved and begins to expire.

  KEYS[1] session owner  KEYS[2] session meta  KEYS[3] session log  KEYS[4] session ops  KEYS[5] unsaved  KEYS[6] unowned
  KEYS[7] store:id  KEYS[8] store:settling
  ARGV[1] session id  ARGV[2] lease as '<nodeId>/<epoch>'  ARGV[3] known store id  ARGV[4] the seq
  ARGV[5] life of the lock  ARGV[6] of a log  ARGV[7] of stored events (ms)
  Answers 1; 0: fenced; -3: the store may have lost data.
]]
local ownerKey, metaKey, logKey, opsKey, unsaved, unowned = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local storeKey, settlingKey = KEYS[7], KEYS[8]
local session, lease, store, through = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local lockMs, metaMs, retentionMs = ARGV[5], ARGV[6], ARGV[7]
-- @include numbers

if redis.call('GET', storeKey) ~= store then return -3 end
if redis.call('GET', ownerKey) ~= lease then return 0 end
local meta = redis.call('HMGET', metaKey, 'store', 'head', 'stored', 'trimTo', 'trimAt')
local head = tonumber(meta[2])
if not head then return 0 end
if meta[1] ~= store then return redis.call('EXISTS', settlingKey) == 1 and -3 or 0 end

local stored = math.max(tonumber(meta[3]), math.min(head, through))
redis.call('HSET', metaKey, 'stored', text(stored))
redis.call('PEXPIRE', ownerKey, lockMs)

-- A session that goes on never expires as a whole: what was stored when the mark was made goes once the mark is old enough.
local now, trimTo, trimAt = millis(), tonumber(meta[4]), tonumber(meta[5])
if not trimTo or now - trimAt >= tonumber(retentionMs) then
  if trimTo then redis.call('XTRIM', logKey, 'MINID', text(trimTo + 1)) end
  redis.call('HSET', metaKey, 'trimTo', text(stored), 'trimAt', text(now))
end

if stored == head and head > 0 then
  redis.call('PEXPIRE', logKey, retentionMs)
  redis.call('PEXPIRE', metaKey, metaMs)
  redis.call('PEXPIRE', opsKey, metaMs)
  redis.call('ZREM', unsaved, session)
  redis.call('ZREM', unowned, session)
end
return 1
