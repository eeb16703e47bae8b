-- Keys that a script learns only from what it reads; redis-keys.ts spells the same.
local function aliveKey(node) return 'node:' .. node .. ':alive' end
local function sessionsKey(node) return 'node:' .. node .. ':sessions' end
local function ownerKeyOf(session) return 'session:{' .. session .. '}:owner' end

-- '<nodeId>/<epoch>' -> the node, and the epoch as a number
local function nodeOf(owner) return string.match(owner, '^(.*)/%d+$') end
local function epochOf(owner) return tonumber(string.match(owner, '/(%d+)$')) end
