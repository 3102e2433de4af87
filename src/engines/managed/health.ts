import type { Fetch, Fetched } from '../../platform/fetch.ts'
import type { Clock } from './clock.ts'

export interface HealthTarget {
  port: number
  /** A path, `none` for any answer, undefined for the usual ones. */
  health: string | undefined
  /** The API key that the server asks for. */
  key: string | undefined
  fetch: Fetch
  clock: Clock
  /** When the server has to be ready, by the clock. */
  deadline: number
}

/** Milliseconds that one check may take, and at least. */
const CHECK_TIMEOUT = { max: 5_000, min: 100 }

/** Bytes of a list of models that are read. */
const MAX_LIST = 1_000_000

/** Whether the server is ready to answer requests; false where nothing listens yet. Never rejects. */
export async function isReady(target: HealthTarget, stop: AbortSignal): Promise<boolean> {
  const { health } = target
  if (health === 'none') return (await statusOf('/v1/models', target, stop)) !== undefined
  const status = await statusOf(health ?? '/health', target, stop)
  if (health !== undefined || status === undefined || !lacksPath(status)) return isOk(status)
  return isOk(await statusOf('/v1/models', target, stop))
}

/** The names of the models that the server lists; empty where it lists none in time. Never rejects. */
export async function listedModels(target: HealthTarget, stop: AbortSignal): Promise<string[]> {
  const list = async (response: Fetched) => namesIn(JSON.parse(await textOf(response)))
  return (await get('/v1/models', target, stop, list)) ?? []
}

function namesIn(value: unknown): string[] {
  const data = (value as { data?: unknown } | null)?.data
  if (!Array.isArray(data)) return []
  return data.map((each) => each?.id).filter((id): id is string => typeof id === 'string')
}

function lacksPath(status: number): boolean {
  return status === 404 || status === 405 || status === 501
}

function isOk(status: number | undefined): boolean {
  return status !== undefined && status >= 200 && status < 300
}

function statusOf(path: string, target: HealthTarget, stop: AbortSignal) {
  return get(path, target, stop, async (response) => {
    await response.body?.cancel().catch(() => {})
    return response.status
  })
}

/** Undefined where nothing answers in time. */
async function get<T>(
  path: string,
  { port, key, fetch, clock, deadline }: HealthTarget,
  stop: AbortSignal,
  read: (response: Fetched) => Promise<T>,
): Promise<T | undefined> {
  const control = new AbortController()
  const abort = () => control.abort()
  const left = Math.max(deadline - clock.now(), CHECK_TIMEOUT.min)
  const cancel = clock.after(Math.min(left, CHECK_TIMEOUT.max), abort)
  stop.addEventListener('abort', abort, { once: true })
  if (stop.aborted) abort()
  try {
    const headers: Record<string, string> = key ? { authorization: `Bearer ${key}` } : {}
    const init = { headers, signal: control.signal, redirect: 'manual' } as const
    return await read(await fetch(`http://127.0.0.1:${port}${path}`, init))
  } catch {
    return undefined
  } finally {
    cancel()
    stop.removeEventListener('abort', abort)
  }
}

async function textOf({ body }: Fetched): Promise<string> {
  const reader = body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (;;) {
    const packet = await reader?.read()
    if (packet === undefined || packet.done) return text
    text += decoder.decode(packet.value, { stream: true })
    if (text.length > MAX_LIST) throw new Error('the list of models is too long')
  }
}
