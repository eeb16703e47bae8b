#!lua
--[[
  Appends to a session's log: everything or nothing, by the current lease only.

  KEYS[1] session owner  KEYS[2] session meta  KEYS[3] session log  KEYS[4] session ops  KEYS[5] unsaved
  KEYS[6] store:id  KEYS[7] store:settling  KEYS[8] audit:outbox  KEYS[9] audit:outbox:deltas  KEYS[10] audit:stats
  ARGV[1] session id  ARGV[2] lease as '<nodeId>/<epoch>'  ARGV[3] known store id  ARGV[4] batch id  ARGV[5] log id
  ARGV[6] first seq  ARGV[7] life of the lock, of a log, of an empty log (ms, three arguments)  ARGV[10] bound of the outbox
  ARGV[11] how many events, meta fields, ops, audit entries (four arguments)
  ARGV[15...] events; fields and values; op ids and results; (1: a delta, 0: not) and audit entries
  Answers {1, accumulated until}: written; {2, accumulated until}: this batch is there already; {-1}: fenced;
  {-2, log id, head}: not at the head of this log; {-3}: the store may have lost data.
]]
local ownerKey, metaKey, logKey, opsKey, unsaved = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local storeKey, settlingKey, outbox, deltas, stats = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local session, lease, store, batch, logId = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local firstSeq, lockMs, metaMs, emptyMs, outboxBytes = tonumber(ARGV[6]), ARGV[7], ARGV[8], ARGV[9], tonumber(ARGV[10])
local events, fields, ops, audit = tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13]), tonumber(ARGV[14])
-- @include numbers
-- @include outbox

if redis.call('GET', storeKey) ~= store then return {-3} end
if redis.call('GET', ownerKey) ~= lease then return {-1} end
local meta = redis.call('HMGET', metaKey, 'store', 'logId', 'head', 'stored', 'batch', 'acc', 'unsure')
local head, stored, accumulated = tonumber(meta[3]), tonumber(meta[4]), tonumber(meta[6]) or 0
if not head then return {-1} end
-- The log survived a loss, perhaps not whole. Whoever remembers more restores it; once that time is over, the lease is void.
if meta[1] ~= store then return {redis.call('EXISTS', settlingKey) == 1 and -3 or -1} end
if meta[5] == batch then return {2, accumulated} end
if meta[2] ~= logId or head + 1 ~= firstSeq then return {-2, meta[2], head} end

local at = 15
for i = 0, events - 1 do
  redis.call('XADD', logKey, text(firstSeq + i) .. '-0', 'e', ARGV[at + i])
end
at = at + events
redis.call('HSET', metaKey, 'head', text(head + events), 'batch', batch, unpack(ARGV, at, at + 2 * fields - 1))
if meta[7] then redis.call('HDEL', metaKey, 'unsure') end
at = at + 2 * fields
for i = 0, ops - 1 do
  redis.call('HSETNX', opsKey, ARGV[at + 2 * i], ARGV[at + 2 * i + 1])
end
at = at + 2 * ops
addToOutbox(outbox, deltas, stats, outboxBytes, at, audit)

redis.call('PEXPIRE', ownerKey, lockMs)
if stored == head then
  if events > 0 then
    redis.call('PERSIST', logKey)
    redis.call('PERSIST', metaKey)
    redis.call('PERSIST', opsKey)
    redis.call('ZADD', unsaved, text(micros()), session)
  else
    local life = head == 0 and emptyMs or metaMs
    redis.call('PEXPIRE', metaKey, life)
    redis.call('PEXPIRE', opsKey, life)
  end
end
return {1, accumulated}
