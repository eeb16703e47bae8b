#!lua
--[[
  KEYS[1] audit:outbox  KEYS[2] audit:outbox:deltas  KEYS[3] audit:stats
  ARGV[1] bound in bytes  ARGV[2] how many entries  ARGV[3...] (1: a delta, 0: not) and entry
]]
-- @include numbers
-- @include outbox
addToOutbox(KEYS[1], KEYS[2], KEYS[3], tonumber(ARGV[1]), 3, tonumber(ARGV[2]))
return 1
