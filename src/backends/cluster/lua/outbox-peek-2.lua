#!lua flags=no-writes
--[[
  KEYS[1] audit:outbox  KEYS[2] audit:outbox:deltas
  ARGV[1] limit
  Answers the oldest stream entries of each, at one moment.
]]
return {
  redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', ARGV[1]),
  redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', ARGV[1]),
}
