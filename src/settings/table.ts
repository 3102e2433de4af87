import * as z from 'zod/mini'
import type { Warn } from './deprecated.ts'
import { readEngine } from './engines.ts'
import { readKey } from './keys.ts'
import { readPairs } from './names.ts'
import { readHostPattern, readOriginPattern } from './patterns.ts'
import { readBoolean, readDuration, readInteger, readItems, readList, readSize } from './text.ts'
import { reasoningNames, systemMessages, thinkTags } from './thinking.ts'
import type { SettingName } from './types.ts'
import { finishReasons, readUpstream } from './upstreams.ts'

/** One line of the table of settings. */
export interface Field {
  /** Made for a value that is given: making all costs more than most starts have to check. */
  schema: () => z.ZodMiniType<unknown>
  /** What a value has to be, for messages: `expected …`. */
  expected: string
  default?: unknown
  /** All that it may be, where that is one of a few words. */
  choices?: readonly string[]
  /** What it is in JSON: `time` and `size` are numbers or text with a unit. */
  kind: 'text' | 'choice' | 'number' | 'time' | 'size' | 'boolean' | 'list' | 'pairs'
  /** Reads one item of a list; throws a `SettingsError`. */
  item?: (item: unknown, shownAs: string, warn: Warn) => unknown
  /** Never shown, and not to be given as a flag: a process list is no place for it. */
  secret?: boolean
}

const longest = 24 * 60 * 60_000

/** The one table behind flags, environment, code and `--help`. */
export const fields: Record<SettingName, Field> = {
  port: integer(8787, 0, 65_535, 'a port from 0 to 65535'),
  host: {
    ...text('127.0.0.1', 'an address to listen on, such as 127.0.0.1'),
    schema: () => z.string().check(z.regex(/^[\w.:%-]+$/)),
  },
  allowHost: items('host names', readHostPattern),
  allowOrigin: items('origins', readOriginPattern),
  keys: {
    schema: () => z.pipe(z.transform(readItems), z.array(z.unknown())),
    expected: 'a list of keys',
    default: [],
    kind: 'list',
    item: readKey,
    secret: true,
  },
  insecure: flag(false),
  tlsCert: text(undefined, 'the path of a PEM file with a certificate'),
  tlsKey: text(undefined, 'the path of a PEM file with a private key'),
  upstream: {
    schema: () => z.pipe(z.transform(readList), z.array(z.unknown())),
    expected: 'URL or LABEL=URL',
    default: [],
    kind: 'list',
    item: readUpstream,
  },
  upstreamKey: { ...strings('keys, separated by commas'), secret: true },
  finishReason: choice(...finishReasons),
  lenient: strings('labels or URLs of upstreams'),
  discover: flag(undefined),
  maxConcurrency: integer(undefined, 1, 100_000, 'a number from 1 to 100000'),
  queue: integer(100, 0, 100_000, 'a number from 0 to 100000'),
  alias: pairs('NAME=MODEL'),
  contextFallback: pairs('MODEL=FALLBACK'),
  retry: flag(true),
  model: text(undefined, 'the name of a model'),
  engine: {
    schema: () => z.pipe(z.transform(readList), z.array(z.unknown())),
    expected: 'replay:FILE',
    default: [],
    kind: 'list',
    item: readEngine,
  },
  webgpu: flag(false),
  webgpuModels: text(undefined, 'a path or URL of a JSON file'),
  webgpuMemory: size(undefined, 1e6, 1e12, 'a size from 1MB to 1TB, such as 6GB'),
  webgpuQueue: integer(16, 0, 10_000, 'a number from 0 to 10000'),
  webgpuIdle: duration(undefined, 1_000),
  staticText: text('Water finds its way word by word, and every stream reaches its end.', 'a text'),
  staticDelay: duration(100, 0, 60_000),
  reasoning: choice(...reasoningNames),
  thinkTags: choice(...thinkTags),
  systemMessages: choice(...systemMessages),
  headerWait: duration(5_000, 0),
  heartbeat: duration(10_000, 10),
  answerTimeout: duration(15 * 60_000, 10),
  attemptTimeout: duration(60_000, 10),
  firstTokenTimeout: duration(10 * 60_000, 10),
  tokenTimeout: duration(5 * 60_000, 10),
  clientTimeout: duration(5 * 60_000, 10),
  grace: duration(10_000, 0),
  maxBody: size(20_000_000, 1_000, 1_000_000_000, 'a size from 1kB to 1GB, such as 20MB'),
  maxMessages: integer(5_000, 1, 1_000_000, 'a number from 1 to 1000000'),
  maxTools: integer(512, 1, 100_000, 'a number from 1 to 100000'),
  bodyTimeout: duration(30_000, 10),
  log: choice('auto', 'text', 'json', 'none'),
}

function text(fallback: string | undefined, expected: string): Field {
  const schema = () => z.string().check(z.minLength(1))
  return { schema, expected, default: fallback, kind: 'text' }
}

function strings(expected: string): Field {
  const schema = () => z.pipe(z.transform(readList), z.array(z.string()))
  return { schema, expected, default: [], kind: 'list' }
}

function items(expected: string, item: Field['item'] & object): Field {
  return { ...strings(expected), item }
}

function pairs(expected: string): Field {
  const schema = () =>
    z.pipe(z.transform(readPairs), z.record(z.string(), z.string().check(z.minLength(1))))
  return { schema, expected, default: {}, kind: 'pairs' }
}

function flag(fallback: boolean | undefined): Field {
  const schema = () => z.pipe(z.transform(readBoolean), z.boolean())
  return { schema, expected: 'true or false', default: fallback, kind: 'boolean' }
}

/** One of these words, the first by default. */
function choice(...all: string[]): Field {
  return {
    schema: () => z.enum(all),
    expected: `one of ${all.join(', ')}`,
    choices: all,
    default: all[0],
    kind: 'choice',
  }
}

function whole(min: number, max: number) {
  return z.number().check(z.refine(Number.isInteger), z.gte(min), z.lte(max))
}

function integer(fallback: number | undefined, min: number, max: number, expected: string): Field {
  const schema = () => z.pipe(z.transform(readInteger), whole(min, max))
  return { schema, expected, default: fallback, kind: 'number' }
}

function size(fallback: number | undefined, min: number, max: number, expected: string): Field {
  const schema = () => z.pipe(z.transform(readSize), whole(min, max))
  return { schema, expected, default: fallback, kind: 'size' }
}

function duration(fallback: number | undefined, min: number, max = longest): Field {
  return {
    schema: () => z.pipe(z.transform(readDuration), z.number().check(z.gte(min), z.lte(max))),
    expected: `a time from ${min === 0 ? '0' : `${min}ms`} to ${max === longest ? '24h' : `${max / 1000}s`}, such as 500ms, 10s or 1.5m`,
    default: fallback,
    kind: 'time',
  }
}
