#!lua
--[[
  Takes a session unless a live node holds it.

  KEYS[1] session owner  KEYS[2] session meta  KEYS[3] unsaved  KEYS[4] unowned
  KEYS[5] node:<id>:alive and KEYS[6] node:<id>:sessions of the claimer  KEYS[7] store:id  KEYS[8] store:settling
  ARGV[1] session id  ARGV[2] claimer's node id  ARGV[3] its token, or '' when unknown  ARGV[4] known store id
  ARGV[5] a new log id  ARGV[6] life of the lock, ms  ARGV[7] ms for which it may not take from dead nodes
  Answers {1, epoch}; {0, node}: held; {-4, ms}: not now; {-3}: another store; {-5}: not joined; {-6}: no log.
]]
local ownerKey, metaKey, unsaved, unowned = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local alive, sessions, storeKey, settlingKey = KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local session, nodeId, token, store = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local newLogId, lockMs, patience = ARGV[5], ARGV[6], tonumber(ARGV[7])
-- @include keys
-- @include numbers

if redis.call('GET', storeKey) ~= store then return {-3} end
local joined = redis.call('GET', alive)
if not joined or (token ~= '' and joined ~= token) then return {-5} end

local owner = redis.call('GET', ownerKey)
local before = owner and nodeOf(owner)
local taking = before and before ~= nodeId
if taking and redis.call('EXISTS', aliveKey(before)) == 1 then return {0, before} end
local settling = redis.call('PTTL', settlingKey)
if settling > 0 then return {-4, settling} end
if taking and patience > 0 then return {-4, patience} end

local meta = redis.call('HMGET', metaKey, 'logId', 'epoch', 'store')
if not meta[1] then
  -- Nothing to look after: sweeps need not try again.
  redis.call('ZREM', unsaved, session)
  redis.call('ZREM', unowned, session)
  return {-6}
end

local epoch = nextEpoch(meta[2])
redis.call('HSET', metaKey, 'epoch', text(epoch))
-- Written in another life of the store, whose last moments may be missing: no cursor into that log can be trusted, and
-- history may be ahead of it, until an owner has compared them and appended what came of it.
if meta[3] ~= store then redis.call('HSET', metaKey, 'logId', newLogId, 'store', store, 'unsure', '1') end
redis.call('SET', ownerKey, nodeId .. '/' .. text(epoch), 'PX', lockMs)
if taking then redis.call('SREM', sessionsKey(before), session) end
redis.call('SADD', sessions, session)
redis.call('ZREM', unowned, session)
return {1, epoch}
