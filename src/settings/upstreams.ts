import { isObject } from '../util/object.ts'
import { parseUrl } from '../util/parse-url.ts'
import type { FinishReasonSetting } from '../wire/contract/finish-reason.ts'
import { type NativeApi, nativeApis } from '../wire/native.ts'
import { inEntry, type Warn, withNewNames } from './deprecated.ts'
import { SettingsError, unexpected, unknownName } from './error.ts'
import { type Names, readModels, readNames } from './names.ts'
import {
  type ReasoningSetting,
  readWord,
  reasoningNames,
  type SystemMessages,
  systemMessages,
  type ThinkTags,
  thinkTags,
} from './thinking.ts'

/** An upstream as code may give it. */
export interface UpstreamInput {
  /** The root of its API, `http://127.0.0.1:11434/v1`; without a path `/v1` is meant. */
  url: string
  key?: string
  label?: string
  /** The setting of that name, for this upstream alone. */
  finishReason?: FinishReasonSetting
  /** @deprecated Says the same as `finishReason: "optional"`. */
  lenient?: boolean
  /** How many requests it is given at once. */
  maxConcurrency?: number
  /** @deprecated The former name of `maxConcurrency`. */
  streams?: number
  /** The names it may be asked for; `*` stands for anything. */
  models?: readonly string[]
  /** What it calls the models that clients know by other names. */
  rewrite?: Readonly<Names>
  /** The setting of that name, for this upstream alone. */
  reasoning?: ReasoningSetting
  /** The setting of that name, for this upstream alone. */
  thinkTags?: ThinkTags
  /** The setting of that name, for this upstream alone. */
  systemMessages?: SystemMessages
  /** The APIs beside chat that it serves itself: such requests go to it as they are. */
  nativeApis?: readonly NativeApi[]
  /** @deprecated The former name of `nativeApis`. */
  speaks?: readonly NativeApi[]
}

/** An upstream ready for use. */
export interface ResolvedUpstream {
  /** The root of its API, without a slash at the end. */
  url: string
  /** Unique; what logs and messages call it. */
  label: string
  key?: string
  finishReason?: FinishReasonSetting
  /** @deprecated As it was given; `finishReason` says what holds. */
  lenient?: boolean
  maxConcurrency?: number
  models?: readonly string[]
  rewrite?: Readonly<Names>
  reasoning?: ReasoningSetting
  thinkTags?: ThinkTags
  systemMessages?: SystemMessages
  nativeApis?: readonly NativeApi[]
}

/** The ports local servers are known by, and what the server at each is called. */
export const wellKnownPorts: Readonly<Record<string, string>> = {
  11434: 'ollama',
  1234: 'lm-studio',
  8080: 'llama-server',
  8000: 'vllm',
  30000: 'sglang',
  5000: 'tabbyapi',
  1337: 'jan',
}

/** What a missing finish reason may be; the first is the default. */
export const finishReasons: readonly FinishReasonSetting[] = ['learn', 'required', 'optional']

const labelPattern = /^[a-z0-9][a-z0-9._-]{0,39}$/i
export const parts: readonly string[] = [
  'url',
  'key',
  'label',
  'finishReason',
  'lenient',
  'maxConcurrency',
  'models',
  'rewrite',
  'reasoning',
  'thinkTags',
  'systemMessages',
  'nativeApis',
]

/** One upstream as it was given: `URL`, `LABEL=URL` or an object. Throws a `SettingsError`. */
export function readUpstream(item: unknown, shownAs: string, warn: Warn): UpstreamInput {
  const given = isObject(item) ? withNewNames('upstream', item, warn, inEntry(shownAs)) : item
  if (typeof given === 'string') {
    const [, label, url = ''] = /^(?:([^=:/?]+)=)?(.*)$/s.exec(given.trim()) ?? []
    return {
      url: readUrl(url, shownAs),
      ...(label !== undefined && { label: readLabel(label, shownAs) }),
    }
  }
  if (typeof given !== 'object' || given === null) {
    throw unexpected(shownAs, 'URL, LABEL=URL or an object with a url', given)
  }
  for (const part of Object.keys(given)) {
    if (!parts.includes(part)) throw unknownName(`${shownAs}.${part}`, part, parts)
  }
  const { url, key, label, lenient, maxConcurrency, models, rewrite } = given as Record<
    string,
    unknown
  >
  const {
    finishReason,
    reasoning,
    thinkTags: tags,
    systemMessages: system,
    nativeApis: apis,
  } = given as Record<string, unknown>
  if (lenient !== undefined && typeof lenient !== 'boolean') {
    throw unexpected(`${shownAs}.lenient`, 'true or false', lenient)
  }
  return {
    url: readUrl(url, shownAs),
    ...(maxConcurrency !== undefined && {
      maxConcurrency: readCount(maxConcurrency, `${shownAs}.maxConcurrency`),
    }),
    ...(models !== undefined && { models: readModels(models, `${shownAs}.models`) }),
    ...(rewrite !== undefined && { rewrite: readNames(rewrite, `${shownAs}.rewrite`) }),
    ...(finishReason !== undefined && {
      finishReason: readWord(finishReason, finishReasons, `${shownAs}.finishReason`),
    }),
    ...(reasoning !== undefined && {
      reasoning: readWord(reasoning, reasoningNames, `${shownAs}.reasoning`),
    }),
    ...(tags !== undefined && { thinkTags: readWord(tags, thinkTags, `${shownAs}.thinkTags`) }),
    ...(system !== undefined && {
      systemMessages: readWord(system, systemMessages, `${shownAs}.systemMessages`),
    }),
    ...(apis !== undefined && { nativeApis: readApis(apis, `${shownAs}.nativeApis`) }),
    ...(label !== undefined && { label: readLabel(label, shownAs) }),
    ...(key !== undefined && { key: readKey(key) }),
    ...(lenient !== undefined && { lenient }),
  }
}

/**
 * Upstreams with their keys and labels, and a finish reason that is optional where `lenient` names
 * one. With `discover` it may name a server that is yet to be found. Throws a `SettingsError`.
 */
export function resolveUpstreams(
  given: readonly UpstreamInput[],
  keys: readonly string[],
  lenient: readonly string[],
  discover: boolean,
): ResolvedUpstream[] {
  const lastKey = keys.findLastIndex((key) => key !== '') + 1
  if (lastKey > given.length) {
    throw new SettingsError(
      `upstreamKey: expected at most one key for each upstream, got ${lastKey} for ${given.length}.`,
    )
  }
  const taken = new Set(['static'])
  for (const { label } of given) {
    if (label === undefined) continue
    if (taken.has(label)) throw unexpected('upstream', 'a label that is not taken', label)
    taken.add(label)
  }
  const upstreams = given.map(({ url, ...rest }, index) => {
    const label = rest.label ?? freeLabel(url, index, taken)
    taken.add(label)
    const key = rest.key || readKey(keys[index] ?? '')
    const listed = lenient.some((name) => name === label || isSameUrl(name, url))
    const isOptional = rest.finishReason === undefined && (listed || rest.lenient === true)
    const finishReason = isOptional ? ('optional' as const) : rest.finishReason
    return { ...rest, url, label, ...(key && { key }), ...(finishReason && { finishReason }) }
  })
  for (const name of lenient) {
    const meant = upstreams.some(({ label, url }) => name === label || isSameUrl(name, url))
    if (!meant && !discover) throw unexpected('lenient', 'the label or URL of an upstream', name)
  }
  return upstreams
}

function readUrl(given: unknown, shownAs: string): string {
  const url = typeof given === 'string' ? parseUrl(given) : null
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw unexpected(shownAs, 'an http or https URL, such as http://127.0.0.1:11434', given)
  }
  // Neither is shown: both may hold a secret.
  if (url.username !== '' || url.password !== '') {
    throw new SettingsError(
      `${shownAs}: expected a URL without a user; a key is set by SLUICE_UPSTREAM_KEY.`,
    )
  }
  if (url.search !== '' || url.hash !== '') {
    throw new SettingsError(
      `${shownAs}: expected a URL that ends with its path, got a query or a hash.`,
    )
  }
  const path = url.pathname.replace(/\/+$/, '')
  return url.origin + (path === '' ? '/v1' : path)
}

function readCount(given: unknown, shownAs: string): number {
  if (typeof given === 'number' && Number.isInteger(given) && given > 0) return given
  throw unexpected(shownAs, 'a whole number from 1', given)
}

function readApis(given: unknown, shownAs: string): NativeApi[] {
  const isKnown = (each: unknown): each is NativeApi => nativeApis.some((api) => api === each)
  if (Array.isArray(given) && given.every(isKnown)) return given
  throw unexpected(shownAs, `a list of any of "${nativeApis.join('", "')}"`, given)
}

function readLabel(given: unknown, shownAs: string): string {
  if (typeof given === 'string' && labelPattern.test(given)) return given
  throw unexpected(shownAs, 'a label of letters, digits, ".", "_" and "-"', given)
}

function readKey(given: unknown): string {
  if (typeof given === 'string' && /^[\x21-\x7e]*$/.test(given)) return given
  throw new SettingsError(
    'upstreamKey: expected a key of visible ASCII characters, got something else.',
  )
}

function isSameUrl(name: string, url: string): boolean {
  if (!/^https?:/i.test(name)) return false
  return readUrl(name, 'lenient') === url
}

function freeLabel(url: string, index: number, taken: ReadonlySet<string>): string {
  const known = wellKnownPorts[new URL(url).port]
  const base = known ?? 'upstream'
  let label = known ?? `upstream-${index + 1}`
  for (let count = 2; taken.has(label); count++) label = `${base}-${count}`
  return label
}
