/**
 * The scripts of stored responses. All of an owner's responses are in four keys, so that one script decides what
 * has room: `v` (hash: the text of each response by id), `u` (sorted set: when each was used last), `i` (hash:
 * for each item where it is: first byte, last byte, response) and `m` (hash: `total` bytes, and `of:` each id the
 * ids of its items). They expire together, when their owner has used nothing for as long as a response is stored;
 * a single response is removed by the next call after its time.
 *
 * The flag `allow-oom` lets a script run on a server whose memory is full.
 */
import type { RedisScript } from './port.ts'

/** Arguments 1 and 2 of all scripts: milliseconds for which a response is stored, id of a response or item. */
const COMMON = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local age = tonumber(ARGV[1])
local function remove(id)
  local items = redis.call('HGET', KEYS[4], 'of:' .. id)
  if not items then return false end
  for _, item in ipairs(cjson.decode(items)) do
    local place = redis.call('HGET', KEYS[3], item)
    if place and string.match(place, '^%d+ %d+ (.*)$') == id then redis.call('HDEL', KEYS[3], item) end
  end
  redis.call('HINCRBY', KEYS[4], 'total', -redis.call('HSTRLEN', KEYS[1], id) - #items)
  redis.call('HDEL', KEYS[4], 'of:' .. id)
  redis.call('HDEL', KEYS[1], id)
  redis.call('ZREM', KEYS[2], id)
  return true
end
local function expire()
  for _, id in ipairs(redis.call('ZRANGE', KEYS[2], '-inf', '(' .. (now - age), 'BYSCORE', 'LIMIT', 0, 32)) do
    remove(id)
  end
end
local function use(id)
  redis.call('ZADD', KEYS[2], now, id)
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, age) end
end
local function isThere(id)
  local used = redis.call('ZSCORE', KEYS[2], id)
  return used and tonumber(used) >= now - age
end
`

/**
 * Arguments 3 on: whether it only replaces, most responses, most bytes, text, ids of its items (JSON), their
 * places in the same order (JSON).
 * Replies 1 where it is stored, 0 where it has no room, or is not there to be replaced.
 */
export const putScript: RedisScript = {
  name: 'response_put',
  text: `#!lua
${COMMON}
local id, text, items = ARGV[2], ARGV[6], ARGV[7]
expire()
if ARGV[3] == '1' and not isThere(id) then return 0 end
remove(id)
local most, bytes = tonumber(ARGV[4]), #text + #items
local left = tonumber(ARGV[5]) - bytes
if left < 0 then return 0 end
while redis.call('ZCARD', KEYS[2]) >= most or tonumber(redis.call('HGET', KEYS[4], 'total') or 0) > left do
  local oldest = redis.call('ZRANGE', KEYS[2], 0, 0)[1]
  if not oldest then break end
  remove(oldest)
end
redis.call('HSET', KEYS[1], id, text)
redis.call('HSET', KEYS[4], 'of:' .. id, items)
redis.call('HINCRBY', KEYS[4], 'total', bytes)
local places = cjson.decode(ARGV[8])
for at, item in ipairs(cjson.decode(items)) do redis.call('HSET', KEYS[3], item, places[at] .. ' ' .. id) end
use(id)
return 1
`,
}

/** Replies the text, or null. */
export const getScript: RedisScript = {
  name: 'response_get',
  text: `#!lua flags=allow-oom
${COMMON}
if not isThere(ARGV[2]) then return false end
use(ARGV[2])
return redis.call('HGET', KEYS[1], ARGV[2])
`,
}

/** Replies the text of the item, or null. */
export const itemScript: RedisScript = {
  name: 'response_item',
  text: `#!lua flags=allow-oom
${COMMON}
local place = redis.call('HGET', KEYS[3], ARGV[2])
if not place then return false end
local first, last, id = string.match(place, '^(%d+) (%d+) (.*)$')
if not isThere(id) then return false end
use(id)
return string.sub(redis.call('HGET', KEYS[1], id) or '', first + 1, last + 1)
`,
}

/** Replies 1 where there was one. */
export const deleteResponseScript: RedisScript = {
  name: 'response_delete',
  text: `#!lua flags=allow-oom
${COMMON}
local was = isThere(ARGV[2])
remove(ARGV[2])
return was and 1 or 0
`,
}
