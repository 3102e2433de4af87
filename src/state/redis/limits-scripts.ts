/**
 * The scripts of limits. Each reads all, decides, and then writes, so that what is refused leaves no trace. The
 * clock is the store's. What they have in common is one text, put before each.
 *
 * KEYS: the account (a hash), the running and the background slots (sorted sets of permits by the end of their
 * lease), and what each permit holds (a hash).
 * ARGV 1 to 7: the limits, in the order of `LIMIT_ORDER`; empty for none.
 */
import { type LimitsOfKey, PERMIT_LEASE } from '../limits.ts'
import type { RedisScript } from './port.ts'

/** Milliseconds for which an account is kept without being used: longer than any month. */
const KEEP_ACCOUNT = 33 * 86_400_000

/** The order in which scripts are given limits. */
export const LIMIT_ORDER = [
  'requestsPerMinute',
  'tokensPerMinute',
  'maxConcurrency',
  'requestsPerDay',
  'tokensPerDay',
  'requestsPerMonth',
  'tokensPerMonth',
] as const satisfies readonly (keyof LimitsOfKey)[]

/** A server that has no memory left would otherwise never give back what is held. */
const ALLOW_OOM = '#!lua flags=allow-oom\n'

/** 2024-01-01, in days since 1970: months are counted from there on. */
const FIRST_DAY = 19_723
const FIRST_YEAR = 2024

const PRELUDE = `
local account, slots, held = KEYS[1], { running = KEYS[2], background = KEYS[3] }, KEYS[4]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function limit(at)
  return tonumber(ARGV[at])
end

local function month_of(day)
  local year, left = ${FIRST_YEAR}, day - ${FIRST_DAY}
  local function is_leap()
    return year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
  end
  while left >= (is_leap() and 366 or 365) do
    left = left - (is_leap() and 366 or 365)
    year = year + 1
  end
  local lengths = { 31, is_leap() and 29 or 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }
  local month = 1
  while left >= lengths[month] do
    left = left - lengths[month]
    month = month + 1
  end
  return year * 12 + month - 1
end

local names = { 'rq', 'rqt', 'tk', 'tkt', 'dp', 'dr', 'dt', 'da', 'mp', 'mr', 'mt', 'ma' }
local read = redis.call('HMGET', account, unpack(names))
local a = {}
for at, name in ipairs(names) do
  a[name] = tonumber(read[at] or '')
end

local function text(number)
  return string.format('%.17g', number)
end

local function refill(amount, since, size)
  if not size then return amount, since end
  if not amount then return size, now end
  return math.min(size, amount + math.max(0, now - since) * size / 60000), now
end

-- A clock that was set back goes on from there, also where nothing else is written.
for _, name in ipairs({ 'rqt', 'tkt' }) do
  if a[name] and a[name] > now then
    a[name] = now
    redis.call('HSET', account, name, text(now))
  end
end
a.rq, a.rqt = refill(a.rq, a.rqt, limit(1))
a.tk, a.tkt = refill(a.tk, a.tkt, limit(2))

-- A clock that was set back into the period before does not begin it anew.
local function go_on(period, current, fields)
  if period and (period == current or period == current + 1) then return period end
  for _, name in ipairs(fields) do a[name] = 0 end
  return current
end

local day = math.floor(now / 86400000)
a.dp = go_on(a.dp, day, { 'dr', 'dt', 'da' })
a.mp = go_on(a.mp, month_of(day), { 'mr', 'mt', 'ma' })

local function save()
  local fields = {}
  for _, name in ipairs(names) do
    if a[name] then
      fields[#fields + 1] = name
      fields[#fields + 1] = text(a[name])
    end
  end
  redis.call('HSET', account, unpack(fields))
  local debt = 0
  if limit(2) and a.tk < 0 then debt = math.ceil(-a.tk * 60000 / limit(2)) end
  redis.call('PEXPIRE', account, text(${KEEP_ACCOUNT} + debt))
end

local function count(prefix, requests, tokens, answer)
  a[prefix .. 'r'] = a[prefix .. 'r'] + requests
  a[prefix .. 't'] = math.max(0, a[prefix .. 't'] + tokens)
  a[prefix .. 'a'] = math.max(0, a[prefix .. 'a'] + answer)
end

-- What a permit holds: slot, tokens, tokens of its answer, day and month in which they were taken.
local function holding(id)
  local value = redis.call('HGET', held, id)
  if not value then return nil end
  local slot, tokens, answer, dp, mp = string.match(value, '^(%a+) (%S+) (%S+) (%S+) (%S+)$')
  return {
    slot = slot, tokens = tonumber(tokens), answer = tonumber(answer),
    dp = tonumber(dp), mp = tonumber(mp),
  }
end

local function drop(id, slot)
  redis.call('ZREM', slots[slot], id)
  redis.call('HDEL', held, id)
end

local function drop_ended()
  for slot, key in pairs(slots) do
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', key, '-inf', now)) do drop(id, slot) end
    -- A clock that was set back makes no lease longer.
    local longest = now + ${PERMIT_LEASE}
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', key, '(' .. longest, '+inf')) do
      redis.call('ZADD', key, longest, id)
    end
  end
end

local function hold(id, h, lease)
  redis.call('ZADD', slots[h.slot], now + lease, id)
  local value = { h.slot, text(h.tokens), text(h.answer), text(h.dp), text(h.mp) }
  redis.call('HSET', held, id, table.concat(value, ' '))
  redis.call('PEXPIRE', slots[h.slot], lease + 60000)
  redis.call('PEXPIRE', held, lease + 60000)
end

-- What a request that began in another period gives back was never taken off this one.
local function correct(prefix, taken_in, tokens, answer)
  if taken_in == a[prefix .. 'p'] then return count(prefix, 0, tokens, answer) end
  local more = math.max(0, tokens)
  count(prefix, 0, more, math.min(more, answer))
end

-- Corrects what was taken for a permit to what its request has used.
local function charge(h, tokens, answer)
  local more, more_answer = tokens - h.tokens, answer - h.answer
  if limit(2) then a.tk = math.min(limit(2), a.tk - more) end
  correct('d', h.dp, more, more_answer)
  correct('m', h.mp, more, more_answer)
  h.tokens, h.answer = tokens, answer
end

drop_ended()
`

/** ARGV 8: requests, tokens, answer tokens, the permit's id (empty for none), its slot, its lease. */
const ADMIT = `
local requests, tokens, answer = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local id, slot, lease = ARGV[11], ARGV[12], tonumber(ARGV[13])
local running = redis.call('ZCARD', slots.running)
local background = redis.call('ZCARD', slots.background)

local function lacks(amount, wanted, size)
  return size and amount + 1e-9 < math.min(wanted, size)
end

local function is_refused()
  if requests > 0 then
    if lacks(a.rq, requests, limit(1)) then return true end
    if limit(4) and a.dr + requests > limit(4) then return true end
    if limit(6) and a.mr + requests > limit(6) then return true end
  end
  if id ~= '' and limit(3) and (slot == 'running' and running or background) >= limit(3) then
    return true
  end
  if tokens > 0 then
    if lacks(a.tk, tokens, limit(2)) then return true end
    if limit(5) and lacks(limit(5) - a.dt, tokens, limit(5)) then return true end
    if limit(7) and lacks(limit(7) - a.mt, tokens, limit(7)) then return true end
  end
  return false
end

local is_held = id ~= '' and redis.call('HEXISTS', held, id) == 1
local is_look = requests == 0 and tokens == 0 and answer == 0 and id == ''
local refused = not is_held and is_refused()
if not refused and not is_held and not is_look then
  if limit(1) then a.rq = a.rq - requests end
  if limit(2) then a.tk = a.tk - tokens end
  if id ~= '' then
    answer = 0
    hold(id, { slot = slot, tokens = tokens, answer = 0, dp = a.dp, mp = a.mp }, lease)
    if slot == 'running' then running = running + 1 else background = background + 1 end
  end
  count('d', requests, tokens, answer)
  count('m', requests, tokens, answer)
  save()
end
return {
  refused and 0 or 1, now, text(a.rq or 0), text(a.tk or 0), running, background,
  a.dp, a.dr, text(a.dt), text(a.da), a.mp, a.mr, text(a.mt), text(a.ma),
}
`

/**
 * ARGV 8: the permit's id, its lease, its slot, the tokens that it reserved, 1 to restore one that is not there.
 * Returns 0 where it was not.
 */
const RENEW = `
local id, lease = ARGV[8], tonumber(ARGV[9])
local h = holding(id)
if not h and ARGV[12] ~= '1' then return 0 end
local reply = h and 1 or 0
h = h or { slot = ARGV[10], tokens = tonumber(ARGV[11]), answer = 0, dp = a.dp, mp = a.mp }
hold(id, h, lease)
return reply
`

/** ARGV 8: the permit's id, its lease, tokens used so far, those of the answer. */
const ADVANCE = `
local id, lease = ARGV[8], tonumber(ARGV[9])
local h = holding(id)
if not h then return 0 end
charge(h, math.max(h.tokens, tonumber(ARGV[10])), math.max(h.answer, tonumber(ARGV[11])))
hold(id, h, lease)
save()
return 1
`

/** ARGV 8: the permit's id, tokens used, those of the answer. */
const SETTLE = `
local id = ARGV[8]
local h = holding(id)
if not h then return 0 end
drop(id, h.slot)
charge(h, tonumber(ARGV[9]), tonumber(ARGV[10]))
save()
return 1
`

export const limitScripts = {
  admit: { name: 'admit', text: `${PRELUDE}${ADMIT}` },
  renew: { name: 'renew', text: `${PRELUDE}${RENEW}` },
  advance: { name: 'advance', text: `${ALLOW_OOM}${PRELUDE}${ADVANCE}` },
  settle: { name: 'settle', text: `${ALLOW_OOM}${PRELUDE}${SETTLE}` },
} as const satisfies Record<string, RedisScript>
