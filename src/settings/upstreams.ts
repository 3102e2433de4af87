/** Upstreams as they are given, and as engines are made of them. */

import * as z from 'zod/mini'
import type { Item } from './declaration.ts'
import type { Warn } from './deprecated.ts'
import { entrySchema, type Options, readEntry, readOption } from './entry.ts'
import { SettingsError, unexpected } from './error.ts'
import type { UpstreamInput } from './generated/entry-inputs.ts'
import type { EntryOutput } from './infer.ts'
import { readUrl, serverOptions } from './server-options.ts'
import type { upstreamOptions } from './upstream-options.ts'

/** An upstream ready for use: with a label that no other has. */
export interface ResolvedUpstream extends EntryOutput<typeof upstreamOptions> {
  /** Of an upstream with `run` and without a fixed port, a name that stands for its address. */
  url: string
  label: string
}

/** The ports that local servers are known for, and the name of the server at each. */
export const wellKnownPorts: Readonly<Record<string, string>> = {
  11434: 'ollama',
  1234: 'lm-studio',
  8080: 'llama-server',
  // The default of its newer versions, as llama.cpp#26508 announced.
  9931: 'llama-server',
  8000: 'vllm',
  30000: 'sglang',
  5000: 'tabbyapi',
  1337: 'jan',
}

/** What holds for upstreams that sluice starts itself, where it can. */
export interface RunRules {
  /** Throws a `SettingsError` where options of an entry do not go together. */
  check(entry: UpstreamInput, shownAs: string): void
  /** The address of a server that is to be started. */
  url(label: string, port: number | undefined): string
  /** A label for it. */
  label(models: readonly string[]): string | undefined
}

const startsNone: RunRules = {
  check({ url }, shownAs) {
    if (url === undefined)
      throw unexpected(`${shownAs}.url`, serverOptions.url.expected, url, 'add it')
  },
  url: () => '',
  label: () => undefined,
}

type ServerItem = Item<string | UpstreamInput, UpstreamInput>

/** Upstreams with these options. */
export function itemOf(options: Options, run = startsNone): ServerItem {
  return {
    schema: () =>
      z.union([z.string(), entrySchema(options)]) as z.ZodMiniType<unknown, string | UpstreamInput>,
    options,
    read: (item, shownAs, warn) => readUpstream(options, run, item, shownAs, warn),
  }
}

/** Servers that somebody else starts. */
export const serverItem = itemOf(serverOptions)

/** One upstream as it was given: `URL`, `LABEL=URL` or an object. Throws a `SettingsError`. */
function readUpstream(
  options: Options,
  run: RunRules,
  item: unknown,
  shownAs: string,
  warn: Warn,
): UpstreamInput {
  if (typeof item === 'string') {
    const [, label, url = ''] = /^(?:([^=:/?]+)=)?(.*)$/s.exec(item.trim()) ?? []
    const { url: urlOption, label: labelOption } = serverOptions
    return {
      url: readOption(urlOption, url, shownAs) as string,
      ...(label !== undefined && { label: readOption(labelOption, label, shownAs) as string }),
    }
  }
  if (typeof item !== 'object' || item === null) {
    throw unexpected(shownAs, 'URL, LABEL=URL or an object with a url', item)
  }
  const { lenient, ...entry } = readEntry(options, item, shownAs, warn) as unknown as UpstreamInput
  run.check(entry, shownAs)
  return lenient ? { finishReason: 'optional', ...entry } : entry
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
  run = startsNone,
): ResolvedUpstream[] {
  const lastKey = keys.findLastIndex((key) => key !== '') + 1
  if (lastKey > given.length) {
    throw new SettingsError(
      `upstreamKey: expected at most one key for each upstream, got ${lastKey} for ${given.length}; remove the others, or add their upstreams.`,
    )
  }
  const taken = new Set(['static'])
  for (const [index, { label }] of given.entries()) {
    if (label === undefined) continue
    if (taken.has(label)) {
      const place = `upstream[${index}].label`
      throw unexpected(place, 'a label that no other engine has', label, 'choose another')
    }
    taken.add(label)
  }
  const upstreams = given.map(({ url: ownUrl, ...rest }, index) => {
    const label = rest.label ?? freeLabel({ url: ownUrl, ...rest }, index, taken, run)
    taken.add(label)
    const url = ownUrl ?? run.url(label, rest.port)
    const key = rest.key || keys[index]
    const listed = lenient.some((name) => name === label || isSameUrl(name, url))
    const isOptional = rest.finishReason === undefined && listed
    const finishReason = isOptional ? ('optional' as const) : rest.finishReason
    return { ...rest, url, label, ...(key && { key }), ...(finishReason && { finishReason }) }
  })
  for (const name of lenient) {
    const isNamed = upstreams.some(({ label, url }) => name === label || isSameUrl(name, url))
    if (!isNamed && !discover) throw unexpected('lenient', 'the label or URL of an upstream', name)
  }
  return upstreams as ResolvedUpstream[]
}

function isSameUrl(name: string, url: string): boolean {
  if (!/^https?:/i.test(name)) return false
  return readUrl(name, 'lenient') === url
}

function freeLabel(
  { url, models = [] }: UpstreamInput,
  index: number,
  taken: ReadonlySet<string>,
  run: RunRules,
): string {
  const known = url === undefined ? run.label(models) : wellKnownPorts[new URL(url).port]
  const base = known ?? 'upstream'
  let label = known ?? `upstream-${index + 1}`
  for (let count = 2; taken.has(label); count++) label = `${base}-${count}`
  return label
}
