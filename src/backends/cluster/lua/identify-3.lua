#!lua flags=allow-oom
--[[
  Which store this is. A Redis that is not the process seen last, or that is empty, may have lost writes: it gets a new
  id, and settles for a while, in which nobody but those who remember a session may write it.

  KEYS[1] store:id  KEYS[2] store:run  KEYS[3] store:settling
  ARGV[1] a new id  ARGV[2] ms to settle
  Answers {id, 1 when it is new}.
]]
local idKey, runKey, settlingKey = KEYS[1], KEYS[2], KEYS[3]
local newId, settleMs = ARGV[1], ARGV[2]

local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local id = redis.call('GET', idKey)
if id and redis.call('GET', runKey) == run then return {id, 0} end

redis.call('SET', idKey, newId)
redis.call('SET', runKey, run)
redis.call('SET', settlingKey, '1', 'PX', settleMs)
return {newId, 1}
