/** The machine a check runs on and the server it tests, as far as that is known. */
import { readdir, readFile } from 'node:fs/promises'
import os from 'node:os'
import type { Circumstances } from '../check/verification/verification.ts'
import type { Fetch } from '../platform/fetch.ts'
import { isObject } from '../util/object.ts'
import { bodyText } from './body-text.ts'
import type { Target } from './target.ts'

type Fields = Record<string, unknown>

/** Fields of a model's entry that hold its limits; each server has its own. */
const LIMITS = [
  'max_model_len',
  'context_length',
  'max_context_length',
  'context_window',
  'n_ctx',
  'n_ctx_train',
  'n_params',
  'size',
  'quantization',
  'vram_required_MB',
]

export async function circumstancesOf(
  target: Target,
  model: string | undefined,
  by: string,
  fetch: Fetch,
): Promise<Circumstances> {
  const [machine, models, health] = await Promise.all([
    machineHere(),
    read(fetch, `${target.base}/models`, target.headers),
    read(fetch, `${new URL(target.base).origin}/health`, target.headers),
  ])
  const entry = entryOf(models.value, model)
  const server = isSluice(health.value)
    ? `sluice ${health.value.version}${health.value.host ? ` on ${health.value.host}` : ''}`
    : models.server
  const engine = typeof entry?.owned_by === 'string' ? entry.owned_by : undefined
  return {
    by,
    machine,
    ...(server !== undefined && { server }),
    ...(engine !== undefined && { engine: `${engine}: ${model ?? ''}` }),
    limits: limitsIn(entry),
  }
}

function isSluice(value: Fields | undefined): value is { version: string; host?: string } {
  return typeof value?.version === 'string' && typeof value.status === 'string'
}

function entryOf(models: Fields | undefined, model: string | undefined): Fields | undefined {
  const list = Array.isArray(models?.data) ? models.data.filter(isObject) : []
  return list.find(({ id }) => id === model)
}

function limitsIn(entry: Fields | undefined): Record<string, string | number> {
  const meta = isObject(entry?.meta) ? entry.meta : {}
  const found: Record<string, string | number> = {}
  for (const [name, value] of Object.entries({ ...meta, ...entry })) {
    if (!LIMITS.includes(name)) continue
    if (typeof value === 'string' || typeof value === 'number') found[name] = value
  }
  return found
}

async function read(
  fetch: Fetch,
  url: string,
  headers: Record<string, string>,
): Promise<{ value?: Fields; server?: string }> {
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(5_000) })
    const server = response.headers.get('server') ?? undefined
    const value: unknown = JSON.parse(await bodyText(response))
    return { ...(isObject(value) && { value }), ...(server && { server }) }
  } catch {
    return {}
  }
}

async function machineHere(): Promise<Circumstances['machine']> {
  const gpu = await gpuHere()
  const [first] = os.cpus()
  return {
    cpu: first?.model.trim() ?? 'an unknown processor',
    cores: os.cpus().length,
    memory: `${(os.totalmem() / 2 ** 30).toFixed(1)} GiB of memory`,
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    ...(gpu && { gpu }),
  }
}

/** NVIDIA's driver lists its cards in the file system; other drivers do not. */
async function gpuHere(): Promise<string | undefined> {
  const folder = '/proc/driver/nvidia/gpus'
  try {
    const names = await Promise.all(
      (await readdir(folder)).map(async (card) => {
        const text = await readFile(`${folder}/${card}/information`, 'utf8')
        return /^Model:\s*(.+)$/m.exec(text)?.[1]
      }),
    )
    return names.filter(Boolean).join(', ') || undefined
  } catch {
    return undefined
  }
}
