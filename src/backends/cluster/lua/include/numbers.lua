-- Lua would write a large number with an exponent.
local function text(number) return string.format('%.0f', number) end

local function micros()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end
local function millis() return math.floor(micros() / 1000) end

-- Above every epoch the session had: also above those that Redis forgot, since time goes on.
local function nextEpoch(known) return math.max((tonumber(known) or 0) + 1, millis()) end
