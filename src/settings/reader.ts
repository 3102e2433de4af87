/** Reads settings by a table of their declarations: all of them, or those of some parts. */
import { finish, type Steps } from '../util/slices.ts'
import type { Declaration } from './declaration.ts'
import { formerNamesOf, type Warn, warnOnce, withNewNames } from './deprecated.ts'
import { readOption } from './entry.ts'
import { type SettingsError, unexpected, unknownName } from './error.ts'
import type { UpstreamInput } from './generated/entry-inputs.ts'
import type { SettingsInput } from './generated/settings-input.ts'
import { requireDistinct } from './keys.ts'
import { checkAliases, checkContextFallback } from './names.ts'
import { distinct, isRead, readList } from './read-list.ts'
import type { Settings } from './types.ts'
import { type ResolvedUpstream, type RunRules, resolveUpstreams } from './upstreams.ts'

/** Declarations of settings, by their names. */
export type Declarations = Readonly<Record<string, Declaration>>

/** What holds for some settings together. */
export interface Rules {
  /** For upstreams that sluice starts, where it can. */
  run?: RunRules & { checkAll(upstreams: readonly ResolvedUpstream[], memory?: number): void }
  /** The error for a setting that exists but is none of this table; undefined for a name that there is not. */
  leftOut?(name: string, shownAs: string): SettingsError | undefined
  /** Throws a `SettingsError` for what the settings ask for together. */
  check?(settings: Settings): void
  /** What other variables of the environment stand for. */
  fromEnvironment?(
    reader: SettingsReader,
    env: Readonly<Record<string, unknown>>,
    warn: Warn,
  ): Record<string, unknown>
}

export class SettingsReader {
  readonly declarations: Declarations
  readonly rules: Rules

  constructor(declarations: Declarations, rules: Rules = {}) {
    this.declarations = declarations
    this.rules = rules
  }

  /** Checks settings, and completes them with the defaults. Throws a `SettingsError`. */
  parse(input: SettingsInput, warn: Warn = warnOnce): Settings {
    if (typeof input !== 'object' || input === null)
      throw unexpected('settings', 'an object', input)
    // What was read from elsewhere has its new names already.
    const warnOfCode: Warn = (warning) => warn(`in code, ${warning}`)
    const values: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(input)) {
      if (value !== undefined) values[name] = this.#read(name, value, warnOfCode)
    }
    const parsed = withNewNames(this.declarations, values, warnOfCode)
    for (const [name, { default: value }] of Object.entries(this.declarations)) {
      if (value !== undefined) parsed[name] ??= value
    }
    return this.#resolved(parsed)
  }

  #resolved(parsed: Record<string, unknown>): Settings {
    const { upstream, upstreamKey, ...rest } = parsed as unknown as Omit<Settings, 'upstream'> & {
      upstream: UpstreamInput[]
      upstreamKey: string[]
    }
    if (!distinct.has(rest.keys)) requireDistinct(rest.keys)
    if (isRead(rest.keys)) distinct.add(rest.keys)
    checkAliases(rest.alias)
    checkContextFallback(rest.contextFallback)
    const { run } = this.rules
    const discover = rest.discover ?? this.#isAlone(upstream, rest.engine)
    const resolved = resolveUpstreams(upstream, upstreamKey, rest.lenient, discover, run)
    run?.checkAll(resolved, rest.memoryBudget)
    // The upstreams that it names have their finish reason; only servers yet to be found need it.
    const lenient = discover ? rest.lenient : []
    const settings: Settings = { ...rest, lenient, discover, upstream: resolved }
    this.rules.check?.(settings)
    return settings
  }

  /** Whether servers are to be found, as none are named. */
  #isAlone(upstream: readonly unknown[], engine: readonly unknown[] = []): boolean {
    return upstream.length + engine.length === 0 && this.declarationOf('discover') !== undefined
  }

  /** The declaration of a setting, by its name or by a former one. */
  declarationOf(given: string): Declaration | undefined {
    const { declarations } = this
    const name = formerNamesOf(declarations).get(given) ?? given
    return Object.hasOwn(declarations, name) ? declarations[name] : undefined
  }

  /** Every name that a setting has or had. */
  names(): string[] {
    return [...Object.keys(this.declarations), ...formerNamesOf(this.declarations).keys()]
  }

  /** The error for a name that is none of these; `known` are those that there are where it was given. */
  unknown(name: string, shownAs: string, known: Iterable<string>): SettingsError {
    return this.rules.leftOut?.(name, shownAs) ?? unknownName(shownAs, name, known)
  }

  #read(name: string, value: unknown, warn: Warn): unknown {
    return finish(this.readInSteps(name, value, name, warn))
  }

  /**
   * The value of one setting, checked, by its name or a former one, in steps, for a list that may be long;
   * `shownAs` is what the person who gave it calls it, and `given` is what that person wrote. Throws a
   * `SettingsError`.
   */
  *readInSteps(
    name: string,
    value: unknown,
    shownAs: string,
    warn: Warn,
    given = value,
  ): Steps<unknown> {
    const declaration = this.declarationOf(name)
    if (declaration === undefined) {
      throw this.unknown(name, shownAs, Object.keys(this.declarations))
    }
    if (isDefault(declaration, value)) return value
    if (!declaration.item) return readOption(declaration, value, shownAs, given)
    if (isRead(value)) return value
    return yield* readList(declaration, value, (index) => `${shownAs}[${index}]`, shownAs, warn)
  }

  /** The same for a value out of a flag or the environment, where numbers and the like are text. */
  readText(name: string, text: unknown, shownAs: string, warn: Warn): unknown {
    const declaration = this.declarationOf(name)
    // A flag that is given several times has no numbered values.
    if (declaration?.item) return finish(readList(declaration, text, () => shownAs, shownAs, warn))
    const value = declaration?.fromText ? declaration.fromText(text, shownAs) : text
    return finish(this.readInSteps(name, value, shownAs, warn, text))
  }
}

/** Complete settings are given again to a worker: most of them are the defaults, which need no schema. */
function isDefault({ default: own }: Declaration, value: unknown): boolean {
  return own !== undefined && own === value
}
