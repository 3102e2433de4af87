import type { PoolParts } from '../../engines/pool/pool-state.ts'
import type { Ability } from '../../engines/upstream/chat-upstream.ts'
import { type ReadJson, readJsonAtOnce } from '../../guard/read-body.ts'
import { SettingsError } from '../../settings/error.ts'
import { leftOutSetting, requireOptionsOf } from '../../settings/left-out.ts'
import { SettingsReader } from '../../settings/reader.ts'
import type { Settings } from '../../settings/settings.ts'
import { coreSettings } from '../../settings/table/core.ts'
import { noResponses } from '../../state/no-responses.ts'
import type { FeatureMakers } from '../../telemetry/request-telemetry.ts'
import type { Family } from '../api.ts'
import { type LeftOut, PARTS, partAt } from '../part-names.ts'
import type { StoredResponses } from '../runs/runs.ts'
import type { Routes } from '../table-entry.ts'
import type { HandlerPart, Provided } from './part.ts'

/** What some parts add up to. */
export interface Composition
  extends Partial<Omit<Provided, 'telemetry' | 'store' | 'readJson' | 'fromEnvironment'>> {
  readonly routes: Routes
  /** Undefined where no part is left out. */
  readonly leftOut: LeftOut | undefined
  readonly telemetry: FeatureMakers
  readonly readJson: ReadJson
  /** The families of APIs besides OpenAI's. */
  readonly families: readonly Family[]
  /** What the parts ask of upstreams beyond chats. */
  readonly abilities: readonly Ability[]
  /** Throws a `SettingsError` for settings that contradict each other, or that no part reads. */
  check(settings: Settings, hasAuthenticate: boolean): void
  /** Makes what responses are stored in where the host has nothing for them. */
  responses(): StoredResponses
}

/** The routes are tried in the order of the parts. */
export function compose(parts: readonly HandlerPart[]): Composition {
  const has = havingPart(parts)
  requireBalancing(has)
  const {
    store,
    readJson = readJsonAtOnce,
    ...provided
  }: Partial<Provided> = Object.assign({}, ...parts)
  const { resuming, tabs, page, greeting, discover } = provided
  const { affinity, createStatic, watchLoad, sources, docLinks, thinking } = provided
  const { withSystemMessages, noOllamaRoute, balancing, anthropicModels } = provided
  return {
    routes: Object.assign({}, ...parts.map((part) => part.routes)),
    leftOut: Object.keys(PARTS).every(has) ? undefined : leftOutOf(has),
    telemetry: Object.assign({}, ...parts.map((part) => part.telemetry)),
    readJson,
    families: parts.flatMap((part) => part.families ?? []),
    abilities: [...new Set(parts.flatMap((part) => part.abilities ?? []))],
    check(settings, hasAuthenticate) {
      requireOptionsOf(has, settings)
      for (const part of parts) part.check?.(settings, hasAuthenticate)
    },
    responses: () => ({ store: store?.() ?? noResponses, runs: resuming?.runs() }),
    ...(tabs && { tabs }),
    ...(resuming && { resuming }),
    ...(page && { page }),
    ...(greeting && { greeting }),
    ...(discover && { discover }),
    ...(affinity && { affinity }),
    ...(createStatic && { createStatic }),
    ...(watchLoad && { watchLoad }),
    ...(sources && { sources }),
    ...(anthropicModels && { anthropicModels }),
    ...(balancing && { balancing }),
    ...(docLinks && { docLinks }),
    ...(thinking && { thinking }),
    ...(withSystemMessages && { withSystemMessages }),
    ...(noOllamaRoute && { noOllamaRoute }),
  }
}

/** What the parts make of the pool of engines. */
export function poolOf({ balancing, affinity }: Composition): PoolParts {
  return { balancing, conversations: affinity?.conversations() }
}

/** Throws a `SettingsError` for parts that do nothing without the choice of an engine. */
function requireBalancing(has: (name: string) => boolean): void {
  const lacking = ['affinity', 'tabs'].find((name) => has(name) && !has('balancing'))
  if (lacking === undefined) return
  throw new SettingsError(
    `parts: expected "balancing" beside "${lacking}", got none; add it, or remove "${lacking}".`,
  )
}

function leftOutOf(has: (name: string) => boolean): LeftOut {
  return (path) => {
    const name = partAt(path)
    return name !== undefined && has(name) ? undefined : name
  }
}

/** Reads the settings of the core and of these parts. */
export function readerOf(parts: readonly HandlerPart[]): SettingsReader {
  const has = havingPart(parts)
  const { fromEnvironment }: Partial<Provided> = Object.assign({}, ...parts)
  const tables = parts.map((part) => part.settings)
  return new SettingsReader(Object.assign({}, coreSettings, ...tables), {
    leftOut: (name, shownAs) => leftOutSetting(has, name, shownAs),
    ...(fromEnvironment && { fromEnvironment }),
  })
}

function havingPart(parts: readonly HandlerPart[]): (name: string) => boolean {
  const names = new Set<string>(parts.map(({ name }) => name))
  return (name) => names.has(name)
}
