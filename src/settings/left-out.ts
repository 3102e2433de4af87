/** Which part of a handler reads which settings, for one that is composed without it. */
import { SettingsError } from './error.ts'
import type { Key } from './keys.ts'
import type { PerUpstream } from './per-upstream.ts'
import { environmentName } from './read-environment.ts'
import type { Settings } from './types.ts'

/** The settings of each part, beside those of the core. */
export const PART_SETTINGS = {
  discovery: ['discover'],
  builtIn: ['staticText', 'staticDelay'],
  affinity: ['affinity', 'affinityWait'],
  balancing: ['maxConcurrency', 'queue'],
  thinking: ['thinkTags'],
  systemMessages: ['systemMessages'],
  errorLinks: ['docsUrl'],
  pages: ['page'],
  passThrough: ['passThrough'],
  activity: ['activity'],
  metrics: ['metrics'],
  captures: ['capture', 'captureCount', 'captureBytes'],
  streams: ['maxBackground', 'maxResumable', 'resumeGrace', 'streamTtl'],
  tabs: ['tabs', 'tabGather'],
  traces: [
    'traces',
    'otlpEndpoint',
    'otlpTracesEndpoint',
    'otlpHeaders',
    'otlpFormat',
    'otlpTimeout',
    'otlpServiceName',
    'otlpAttributes',
    'tracesSampler',
    'tracesSamplerArg',
    'tracesQueue',
    'tracesBatch',
    'tracesDelay',
  ],
} as const

/** The present names of settings of parts, by former ones: a table without a setting does not know how it was called. */
export const FORMER_NAMES: Readonly<Record<string, string>> = { streams: 'maxConcurrency' }

/** What only a server that sluice starts can do. */
export const SERVER_SETTINGS: readonly string[] = [
  ...['port', 'host', 'compat', 'tlsCert', 'tlsKey', 'reusePort', 'warmUp', 'memoryBudget'],
  ...['engine', 'grace', 'drainDelay', 'state', 'stateFolder', 'stateCa', 'stateFailure'],
  ...['stateInstances', 'webgpu', 'webgpuModels', 'webgpuMemory', 'webgpuContext'],
  ...['webgpuQueue', 'webgpuIdle'],
]

/** The entry for workers that has all parts. */
export const WITH_ALL = '@sluice/sluice/edge'

/** The options of keys that are nothing without a part. */
const PART_OPTIONS = {
  resumable: 'streams',
  metrics: 'metrics',
  offers: 'tabs',
  owner: 'tabs',
  shared: 'tabs',
} as const satisfies Partial<Record<keyof Key, keyof typeof PART_SETTINGS>>

/** The same of upstreams. */
const PART_OPTIONS_OF_UPSTREAMS = {
  maxConcurrency: 'balancing',
  thinkTags: 'thinking',
  systemMessages: 'systemMessages',
} as const satisfies Partial<Record<PerUpstream, keyof typeof PART_SETTINGS>>

type Has = (part: string) => boolean

/** The error for a setting of a part that a handler does not have, by its name or its variable. */
export function leftOutSetting(
  has: Has,
  given: string,
  shownAs: string,
): SettingsError | undefined {
  const isNamed = (name: string) => name === given || environmentName(name) === given
  const former = Object.keys(FORMER_NAMES).find(isNamed)
  const isGiven = (name: string) => isNamed(name) || (former && FORMER_NAMES[former] === name)
  if (SERVER_SETTINGS.some(isGiven)) {
    return new SettingsError(
      `${shownAs}: this setting is for a server that sluice starts, not for a handler in another program; remove it.`,
    )
  }
  for (const [part, names] of Object.entries(PART_SETTINGS)) {
    if (names.some(isGiven) && !has(part)) return leftOut(shownAs, part, 'setting')
  }
  return undefined
}

/** Throws a `SettingsError` for an option, of a key or an upstream, of a part that a handler does not have. */
export function requireOptionsOf(has: Has, { keys, upstream }: Settings): void {
  requireNone(has, PART_OPTIONS, 'keys', keys)
  requireNone(has, PART_OPTIONS_OF_UPSTREAMS, 'upstream', upstream)
}

function requireNone(
  has: Has,
  parts: Readonly<Record<string, string>>,
  setting: string,
  entries: readonly object[],
): void {
  for (const [option, part] of Object.entries(parts)) {
    if (has(part)) continue
    const index = entries.findIndex((entry) => (entry as Record<string, unknown>)[option])
    if (index !== -1) throw leftOut(`${setting}[${index}].${option}`, part, 'option')
  }
}

function leftOut(shownAs: string, part: string, kind: string): SettingsError {
  return new SettingsError(
    `${shownAs}: this ${kind} is of the part "${part}", which this server is composed without; deploy ${WITH_ALL} instead, which has all parts, add this one to the parts that you compose, or remove the ${kind}.`,
  )
}
