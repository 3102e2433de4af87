/** A handler in a worker: it reads its settings from the environment, once, and they may be replaced. */
import type { PlacedHandler } from '../src/composed-handler.ts'
import type { HandlerHost } from '../src/options.ts'
import { warnOnce } from '../src/settings/deprecated.ts'
import { readEnvironment } from '../src/settings/read-environment.ts'
import { keepAsRead } from '../src/settings/read-list.ts'
import type { SettingsReader } from '../src/settings/reader.ts'
import type { Settings, SettingsInput } from '../src/settings/settings.ts'
import { WORKERD_DEFAULTS } from '../src/settings/workerd-defaults.ts'
import { memoryStatus, type StateStatus } from '../src/state/state-status.ts'
import { terminalLine } from '../src/util/safe/terminal.ts'
import { finish, inSlices } from '../src/util/slices.ts'
import { ApiError } from '../src/wire/errors/api-error.ts'
import { objectLimits } from './objects/object-limits.ts'
import { isNamespace } from './objects/platform.ts'

export type Served = Pick<PlacedHandler, 'fetch' | 'refresh' | 'within' | 'isKnown'>

/** The bindings of the worker. */
export type Bindings = Record<string, unknown>

/** What a worker serves. */
export interface Serves {
  reader: SettingsReader
  /** Throws a `SettingsError`. */
  make(settings: Settings, host: HandlerHost): PlacedHandler
  /** What all its handlers share, kept when the settings are replaced, as on a server: see `ReloadableHandler`. */
  kept: HandlerHost
  /** Settings that are others than the defaults. */
  defaults?(env: Bindings): SettingsInput
  /** What the bindings lend the handler, besides limits. */
  lend?(env: Bindings): HandlerHost
}

/** The handlers of one worker. */
export interface Serving {
  /** The handler; the settings are read from `env`, once. */
  handlerOnce(env: Bindings): Served
  /**
   * A handler with the settings in force, for a place that has more of its own than runs: `place` returns that.
   */
  handlerFor(env: Bindings, place: (settings: Settings) => HandlerHost): Served
  /**
   * Replaces the settings. Running requests go on with the settings they began with, and are not held up
   * while the new ones are read. The caller waits for each answer, so that no two are read at once.
   */
  replace(env: Bindings, config: unknown): Promise<Response>
}

/** How many instances of the worker there are, none of them knows. */
const OBJECTS: StateStatus = { kind: 'objects', status: 'connected', instances: 1 }

export function serving(worker: Serves): Serving {
  let handler: Served | undefined
  /** The settings that replaced those of the environment. */
  let replaced: SettingsInput | undefined

  function handlerOrRefusal(env: Bindings, place?: (settings: Settings) => HandlerHost): Served {
    try {
      const given = replaced ?? finish(readEnvironment(worker.reader, env, warnOnce))
      return makeHandler(worker, env, given, place)
    } catch (error) {
      return refuseAll(error instanceof Error ? error.message : String(error))
    }
  }

  return {
    handlerOnce(env) {
      handler ??= handlerOrRefusal(env)
      return handler
    },
    handlerFor: handlerOrRefusal,
    async replace(env, config) {
      try {
        const all = { ...env, SLUICE_CONFIG: config }
        const given = await inSlices(readEnvironment(worker.reader, all, warnOnce))
        keepAsRead(given)
        handler = makeHandler(worker, env, given)
        replaced = given
        return Response.json({})
      } catch (error) {
        return Response.json({ error: String(error) }, { status: 400 })
      }
    },
  }
}

/** Reads the binding by its new name, or by its former one, which works for one more release. */
function isMachine({ EXPOSURE, REACH }: Bindings): boolean {
  if (EXPOSURE === undefined && REACH !== undefined)
    warnOnce('The binding REACH is deprecated: use EXPOSURE instead.')
  return (EXPOSURE ?? REACH) === 'machine'
}

/** Throws a `SettingsError`. */
function makeHandler(
  { reader, make, kept, defaults, lend }: Serves,
  env: Bindings,
  given: SettingsInput,
  place?: (settings: Settings) => HandlerHost,
): Served {
  const settings = reader.parse({ ...WORKERD_DEFAULTS, ...defaults?.(env), ...given })
  return make(settings, {
    name: 'workerd',
    ...kept,
    ...(isNamespace(env.KEY_LIMITS) && { limits: objectLimits(env.KEY_LIMITS) }),
    stateStatus: () => (isNamespace(env.KEY_LIMITS) ? OBJECTS : memoryStatus),
    // Set by `sluice` on this machine. A deployed worker lacks it, and anyone can reach it.
    exposure: isMachine(env) ? 'machine' : 'anyone',
    ...(settings.log !== 'none' && {
      log: (entry) => console.log(terminalLine(JSON.stringify(entry))),
    }),
    ...lend?.(env),
    ...place?.(settings),
  })
}

/** Answers every request with 503. Only the log has the whole message, which may quote a secret. */
function refuseAll(message: string): Served {
  console.error(`sluice: ${terminalLine(message)}`)
  const setting = /^[\w: ]+(?=: )/.exec(message)?.[0] ?? 'named in the log'
  const error = new ApiError(
    503,
    `sluice cannot answer: the setting ${setting} is wrong; see its log for what is expected.`,
    {
      code: 'settings_invalid',
    },
  )
  const fetch = async () => Response.json(error, { status: error.status })
  return {
    fetch,
    refresh: async () => [],
    within: () => ({ fetch }),
    isKnown: async () => false,
  }
}
