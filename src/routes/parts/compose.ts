import type { PoolParts } from '../../engines/pool/pool-state.ts'
import type { Ability } from '../../engines/upstream/chat-upstream.ts'
import type { Settings } from '../../settings/settings.ts'
import { noResponses } from '../../state/no-responses.ts'
import type { FeatureMakers } from '../../telemetry/request-telemetry.ts'
import type { Family } from '../api.ts'
import type { LeftOut } from '../left-out.ts'
import type { StoredResponses } from '../runs/runs.ts'
import type { Routes } from '../table-entry.ts'
import type { HandlerPart, Provided } from './part.ts'

/** What no handler can do without. */
type Needed = 'readJson' | 'balancing' | 'createStatic'

/** What some parts add up to. */
export interface Composition
  extends Partial<Omit<Provided, 'telemetry' | 'store' | 'fromEnvironment' | Needed>>,
    Pick<Provided, Needed> {
  readonly routes: Routes
  /** Undefined where no part is left out. */
  readonly leftOut?: LeftOut | undefined
  readonly telemetry: FeatureMakers
  /** The families of APIs besides OpenAI's. */
  readonly families: readonly Family[]
  /** What the parts ask of upstreams beyond chats. */
  readonly abilities: readonly Ability[]
  /** Throws a `SettingsError` for settings that contradict each other, or that no part reads. */
  check(settings: Settings, hasAuthenticate: boolean): void
  /** Makes what responses are stored in where the host has nothing for them. */
  responses(): StoredResponses
}

/** What a handler cannot do without, for one that lacks a part: see compose-some.ts. */
export type Fallbacks = Pick<Provided, Needed> & Pick<Composition, 'leftOut'>

/** The routes are tried in the order of the parts. `fallbacks`: needed where not all of them are there. */
export function compose(parts: readonly HandlerPart[], fallbacks?: Fallbacks): Composition {
  const provided: Provided & Fallbacks = Object.assign({}, fallbacks, ...parts)
  const { store, resuming }: Partial<Provided> = provided
  return {
    ...provided,
    routes: Object.assign({}, ...parts.map((part) => part.routes)),
    telemetry: Object.assign({}, ...parts.map((part) => part.telemetry)),
    families: parts.flatMap((part) => part.families ?? []),
    abilities: [...new Set(parts.flatMap((part) => part.abilities ?? []))],
    check(settings, hasAuthenticate) {
      for (const part of parts) part.check?.(settings, hasAuthenticate)
    },
    responses: () => ({ store: store?.() ?? noResponses, runs: resuming?.runs() }),
  }
}

/** What the parts make of the pool of engines. */
export function poolOf({ balancing, affinity }: Composition): PoolParts {
  return { balancing, conversations: affinity?.conversations() }
}
