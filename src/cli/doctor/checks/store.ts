/** The store that instances share. */
import { SettingsError } from '../../../settings/settings.ts'
import type { RedisClient } from '../../../state/redis/client.ts'
import {
  checkServer,
  isLoginError,
  UnusableServerError,
} from '../../../state/redis/server-check.ts'
import { deadlineSignal } from '../deadline.ts'
import type { Check, Examination, Observation } from '../finding.ts'
import { failureText } from '../reach.ts'

/** Milliseconds: each request waits for some of these. */
const SLOW = 20

/** Milliseconds within which it must have answered: less than a check may take. */
const PATIENCE = 1_500
const PINGS = 5

export const checkStore: Check = async (examination, signal) => {
  const { settings, host } = examination
  const { state } = settings
  if (state === undefined || state === 'objects') return []
  const limit = deadlineSignal(PATIENCE, signal)
  const late = new Promise<never>((_, reject) => {
    limit.addEventListener('abort', () => reject(limit.reason), { once: true })
  })
  const opened = host.openStore(settings, limit)
  const found = opened.then((client) => storeFound(client, examination))
  try {
    return await Promise.race([found, late])
  } catch (error) {
    return [failed(error)]
  } finally {
    void opened.then((client) => client.destroy()).catch(() => {})
    found.catch(() => {})
    late.catch(() => {})
  }
}

async function storeFound(client: RedisClient, { clocks }: Examination): Promise<Observation[]> {
  const warning = await checkServer(client)
  const times: number[] = []
  for (let count = 0; count < PINGS; count++) {
    const start = performance.now()
    await client.send(['PING'], undefined)
    times.push(performance.now() - start)
  }
  const latency = times.toSorted((a, b) => a - b)[Math.floor(PINGS / 2)] ?? 0
  const before = Date.now()
  const time = await client.send(['TIME'], undefined).catch(() => undefined)
  const [seconds, micros] = Array.isArray(time) ? time.map(Number) : []
  if (seconds !== undefined && micros !== undefined) {
    const aheadMs = seconds * 1_000 + micros / 1_000 - (before + Date.now()) / 2
    clocks.push({ source: 'the store of --state', aheadMs })
  }
  const info = String(await client.send(['INFO', 'server'], undefined).catch(() => ''))
  const [, version = 'of an unknown version'] =
    /^(?:valkey|redis)_version:(.*?)\r?$/m.exec(info) ?? []
  const name = /^valkey_version:/m.test(info) ? 'Valkey' : 'Redis'
  const shown = `${name} ${version} answers in ${latency.toFixed(1)} ms`
  const slow: Observation = {
    code: 'store_slow',
    level: 'warning',
    text: `${shown}: every request waits for it.`,
    remedy: 'Use a store that is nearer.',
  }
  const good: Observation = { code: 'store', level: 'ok', text: `${shown} and evicts nothing.` }
  return [
    ...(warning === undefined ? [latency > SLOW ? slow : good] : []),
    ...(warning === undefined
      ? []
      : [{ code: 'store_unknown', level: 'warning' as const, text: warning }]),
  ]
}

function failed(error: unknown): Observation {
  if (error instanceof SettingsError) {
    return { code: 'store_settings', level: 'problem', text: error.message }
  }
  if (error instanceof UnusableServerError) {
    return { code: 'store_unusable', level: 'problem', text: error.message }
  }
  if (error instanceof Error && isLoginError(error)) {
    const text = 'The store of --state refuses the user or the password.'
    return { code: 'store_login', level: 'problem', text, remedy: 'Correct SLUICE_STATE.' }
  }
  return {
    code: 'store_unreachable',
    level: 'problem',
    text: `The store of --state cannot be reached: ${failureText(error)}.`,
    remedy:
      'Start it, or correct SLUICE_STATE; until it is there, limits are counted as --state-failure says.',
    command: 'redis-server --maxmemory-policy noeviction',
  }
}
