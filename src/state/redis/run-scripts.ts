/**
 * The scripts of the run log. A run is a hash and a stream of batches. An entry's id is the number of its last
 * event, so that the batch in which an event is can be found by the event's number. All times are the server's.
 *
 * The flag `allow-oom` lets a script run on a server whose memory is full: a run can be read, stopped, renewed
 * and ended by its followers then, although nothing can be appended.
 *
 * Fields of the hash: `epoch`, `state`, `lease` (its end), `next`, `first` (as in `RunPart`), `bytes` (stored),
 * `max`, `keep` (as in `RunLimits`), `stop`, `read` (when it was read last), `info`, `created`, `token` (of the
 * call that opened it).
 */
import type { RedisScript } from './port.ts'

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`

/** Whether the lease has ended. A clock that went back, after a failover, makes no lease longer. */
const LEASE = `
local function isOver(lease, longest)
  local ends = tonumber(lease)
  if ends > now + longest then
    redis.call('HSET', KEYS[1], 'lease', now + longest)
    return false
  end
  return ends <= now
end
`

/** Writes batches, and discards the oldest beyond the limit. */
const WRITE = `
local function sizeOf(batch)
  return #batch - string.find(batch, '\\n', 1, true)
end
local function trim(bytes, max, first)
  while bytes > max do
    local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
    if not oldest then break end
    first = tonumber(string.match(oldest[1], '^%d+')) + 1
    bytes = bytes - sizeOf(oldest[2][2])
    redis.call('XTRIM', KEYS[2], 'MINID', first .. '-0')
  end
  return bytes, first
end
`

/** Keys: run, events. Arguments: info, token, bytes, keepMs, lease. Replies 1, or 0 where the id is taken. */
export const openScript: RedisScript = {
  name: 'run_open',
  text: `#!lua
${NOW}
local token = redis.call('HGET', KEYS[1], 'token')
if token then return token == ARGV[2] and 1 or 0 end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('HSET', KEYS[1], 'epoch', 1, 'state', 'running', 'lease', now + ARGV[5], 'next', 0, 'first', 0,
  'bytes', 0, 'max', ARGV[3], 'keep', ARGV[4], 'stop', 0, 'info', ARGV[1], 'created', now, 'token', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4] + ARGV[5])
return 1
`,
}

/**
 * Keys: run, events. Arguments: epoch, first, count, state at the end, whether it begins anew, lease, channel of
 * events, channel of the producer; then the count and text of each batch.
 *
 * Replies the kind (0 lost, 1 held, 2 where some of the events are there and some are not: nothing was written),
 * next, whether it was stopped, and the milliseconds since it was read, or -1.
 */
function append(name: string, flags: string): RedisScript {
  return {
    name,
    text: `#!lua${flags}
${NOW}${WRITE}
local run = redis.call('HMGET', KEYS[1], 'epoch', 'state', 'next', 'first', 'bytes', 'max', 'keep', 'stop', 'read')
if run[1] ~= ARGV[1] or run[2] == 'deleted' then return {0} end
local first, count, ending = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local next, kept, bytes, keep = tonumber(run[3]), tonumber(run[4]), tonumber(run[5]), tonumber(run[7])
local function held(kind)
  local ago = -1
  if run[9] then ago = math.max(0, now - run[9]) end
  return {kind, next, tonumber(run[8]), ago}
end
if run[2] ~= 'running' then
  if first + count <= next then return held(1) end
  return {0}
end
local lasts = keep + ARGV[6]
if ARGV[5] == '1' and first > next then
  redis.call('DEL', KEYS[2])
  bytes, kept, next = 0, first, first
end
local isNew = first == next and count > 0
local isEnd = ending ~= '' and first <= next and first + count <= next + (isNew and count or 0)
if isNew then
  for at = 9, #ARGV, 2 do
    next = next + ARGV[at]
    redis.call('XADD', KEYS[2], (next - 1) .. '-1', 'f', ARGV[at + 1])
    bytes = bytes + sizeOf(ARGV[at + 1])
  end
  bytes, kept = trim(bytes, tonumber(run[6]), kept)
end
if isEnd then lasts = keep end
redis.call('HSET', KEYS[1], 'lease', now + ARGV[6], 'next', next, 'first', kept, 'bytes', bytes, 'state',
  isEnd and ending or 'running')
redis.call('PEXPIRE', KEYS[1], lasts)
redis.call('PEXPIRE', KEYS[2], lasts)
if isNew or isEnd then redis.call('PUBLISH', ARGV[7], next) end
if isEnd then redis.call('PUBLISH', ARGV[8], next) end
if first < next and first + count > next then return held(2) end
return held(1)
`,
  }
}

export const appendScript = append('run_append', '')
/** The same without events, which a server has memory for when it is full. */
export const renewScript = append('run_renew', ' flags=allow-oom')

/**
 * Keys: run, events. Arguments: from, whether to leave no mark, lease, bytes to read.
 * Replies null, or info, created, state, first, next, whether its lease ended, whether it was stopped; then the
 * last number and the text of each batch.
 */
export const readScript: RedisScript = {
  name: 'run_read',
  text: `#!lua flags=allow-oom
${NOW}${LEASE}
local run = redis.call('HMGET', KEYS[1], 'info', 'created', 'state', 'first', 'next', 'stop', 'lease')
if not run[3] or run[3] == 'deleted' then return false end
if ARGV[2] == '0' then redis.call('HSET', KEYS[1], 'read', now) end
local isOrphan = run[3] == 'running' and isOver(run[7], ARGV[3])
local part = {run[1], run[2], run[3], tonumber(run[4]), tonumber(run[5]), isOrphan and 1 or 0, tonumber(run[6])}
local from, left = tonumber(ARGV[1]), tonumber(ARGV[4])
if from < tonumber(run[4]) or from >= tonumber(run[5]) then return part end
local cursor = ARGV[1] .. '-1'
while left > 0 do
  local entries = redis.call('XRANGE', KEYS[2], cursor, '+', 'COUNT', 8)
  for _, entry in ipairs(entries) do
    if left > 0 then
      part[#part + 1] = tonumber(string.match(entry[1], '^%d+'))
      part[#part + 1] = entry[2][2]
      left = left - #entry[2][2]
      cursor = '(' .. entry[1]
    end
  end
  if #entries < 8 then break end
end
return part
`,
}

/** Keys: run. Arguments: channel of events, channel of the producer. Replies the state, or null. */
export const stopScript: RedisScript = {
  name: 'run_stop',
  text: `#!lua flags=allow-oom
local run = redis.call('HMGET', KEYS[1], 'state', 'stop')
if not run[1] or run[1] == 'deleted' then return false end
if run[1] == 'running' and run[2] ~= '1' then redis.call('HSET', KEYS[1], 'stop', 1) end
if run[1] == 'running' then
  redis.call('PUBLISH', ARGV[1], 'stop')
  redis.call('PUBLISH', ARGV[2], 'stop')
end
return run[1]
`,
}

/**
 * Keys: run, events. Arguments: the number that its last event has been made for, the batch with it, lease,
 * channel of events, channel of the producer. Replies 1 where it was buried.
 */
export const buryScript: RedisScript = {
  name: 'run_bury',
  text: `#!lua flags=allow-oom
${NOW}${LEASE}${WRITE}
local run = redis.call('HMGET', KEYS[1], 'state', 'next', 'lease', 'first', 'bytes', 'max', 'keep')
if run[1] ~= 'running' or run[2] ~= ARGV[1] or not isOver(run[3], ARGV[3]) then return 0 end
redis.call('XADD', KEYS[2], ARGV[1] .. '-1', 'f', ARGV[2])
local bytes, first = trim(run[5] + sizeOf(ARGV[2]), tonumber(run[6]), tonumber(run[4]))
redis.call('HINCRBY', KEYS[1], 'epoch', 1)
redis.call('HSET', KEYS[1], 'state', 'failed', 'next', run[2] + 1, 'first', first, 'bytes', bytes)
redis.call('PEXPIRE', KEYS[1], run[7])
redis.call('PEXPIRE', KEYS[2], run[7])
redis.call('PUBLISH', ARGV[4], run[2] + 1)
redis.call('PUBLISH', ARGV[5], run[2] + 1)
return 1
`,
}

/**
 * Leaves a mark for as long as the run would have been kept, so that its producer can't open it again.
 * Keys: run, events. Arguments: shortest time of the mark, channel of events, channel of the producer. Replies 1
 * where there was a run.
 */
export const deleteScript: RedisScript = {
  name: 'run_delete',
  text: `#!lua flags=allow-oom
local run = redis.call('HMGET', KEYS[1], 'state', 'keep')
if not run[1] or run[1] == 'deleted' then return 0 end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('HSET', KEYS[1], 'state', 'deleted', 'token', '')
redis.call('PEXPIRE', KEYS[1], math.max(tonumber(run[2]), tonumber(ARGV[1])))
redis.call('PUBLISH', ARGV[2], 'deleted')
redis.call('PUBLISH', ARGV[3], 'deleted')
return 1
`,
}
