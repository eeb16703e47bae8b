#!lua
--[[
  Writes a whole log anew for the owner that remembers it, after the store lost data; lease and log in one step.

  KEYS[1] session owner  KEYS[2] session meta  KEYS[3] session log  KEYS[4] session ops  KEYS[5] unsaved  KEYS[6] unowned
  KEYS[7] node:<id>:alive  KEYS[8] node:<id>:sessions  KEYS[9] store:id
  KEYS[10] audit:outbox  KEYS[11] audit:outbox:deltas  KEYS[12] audit:stats
  ARGV[1] session id  ARGV[2] node id  ARGV[3] its token  ARGV[4] epoch it held  ARGV[5] known store id  ARGV[6] log id
  ARGV[7] stored through  ARGV[8] life of the lock  ARGV[9] of a log (ms)  ARGV[10] bound of the outbox
  ARGV[11] how many events, meta fields, ops, audit entries (four arguments)
  ARGV[15...] events; fields and values; op ids and results; (1: a delta, 0: not) and audit entries
  Answers {1, epoch}; {0}: refused; {-3}: another store.
]]
local ownerKey, metaKey, logKey, opsKey, unsaved, unowned = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local alive, sessions, storeKey, outbox, deltas, stats = KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12]
local session, nodeId, token, held, store, logId = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6]
local stored, lockMs, metaMs, outboxBytes = tonumber(ARGV[7]), ARGV[8], ARGV[9], tonumber(ARGV[10])
local events, fields, ops, audit = tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13]), tonumber(ARGV[14])
-- @include keys
-- @include numbers
-- @include outbox

if redis.call('GET', storeKey) ~= store then return {-3} end
if redis.call('GET', alive) ~= token then return {0} end
local owner = redis.call('GET', ownerKey)
local meta = redis.call('HMGET', metaKey, 'epoch', 'logId', 'acc')
local known = tonumber(meta[1]) or 0
-- The same request again, because its answer was lost.
if meta[2] == logId and owner == nodeId .. '/' .. text(known) then return {1, known} end
if known > held then return {0} end
if owner and nodeOf(owner) ~= nodeId and epochOf(owner) >= held then return {0} end

local epoch = nextEpoch(math.max(known, held))
local head = events
stored = math.min(head, stored)
local at = 15
redis.call('DEL', logKey, metaKey)
for i = 0, events - 1 do
  redis.call('XADD', logKey, text(i + 1) .. '-0', 'e', ARGV[at + i])
end
at = at + events
redis.call('HSET', metaKey, 'store', store, 'logId', logId, 'head', text(head), 'stored', text(stored), 'epoch', text(epoch),
  'acc', meta[3] or '0', unpack(ARGV, at, at + 2 * fields - 1))
at = at + 2 * fields
for i = 0, ops - 1 do
  redis.call('HSETNX', opsKey, ARGV[at + 2 * i], ARGV[at + 2 * i + 1])
end
at = at + 2 * ops
addToOutbox(outbox, deltas, stats, outboxBytes, at, audit)

if owner then redis.call('SREM', sessionsKey(nodeOf(owner)), session) end
redis.call('SET', ownerKey, nodeId .. '/' .. text(epoch), 'PX', lockMs)
redis.call('SADD', sessions, session)
redis.call('ZREM', unowned, session)
if stored < head then
  redis.call('PERSIST', opsKey)
  redis.call('ZADD', unsaved, text(micros()), session)
else
  redis.call('PEXPIRE', logKey, metaMs)
  redis.call('PEXPIRE', metaKey, metaMs)
  redis.call('PEXPIRE', opsKey, metaMs)
  redis.call('ZREM', unsaved, session)
end
return {1, epoch}
