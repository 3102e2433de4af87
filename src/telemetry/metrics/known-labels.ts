import type { Settings } from '../../settings/settings.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import { isOwnCode } from '../../wire/errors/own-codes.ts'
import type { Sources } from '../sources.ts'
import { OTHER } from './registry.ts'

/** The code of an error that has none: an engine's own, as a rule. */
const UNNAMED = 'none'

/**
 * The values of labels. None is a client's own word: a name that is not configured and that no engine
 * serves is `other`, so that nobody can make any number of series.
 */
export class KnownLabels {
  readonly #keys: ReadonlySet<string>
  readonly #sources: Pick<Sources, 'isServed'>
  /** Names of models, of the settings and of what was served once: so a series goes on after a restart. */
  readonly #models: Set<string>

  constructor(
    { keys, upstream }: Pick<Settings, 'keys' | 'upstream'>,
    sources: Pick<Sources, 'isServed'>,
  ) {
    this.#keys = new Set(keys.map(({ name }) => name))
    this.#sources = sources
    const configured = upstream.flatMap(({ models = [] }) => models)
    this.#models = new Set(configured.filter((name) => !name.includes('*')))
  }

  key(name: string | undefined): string {
    if (name === undefined || name === '') return ''
    return this.#keys.has(name) ? name : OTHER
  }

  model(name: string | undefined): string {
    if (name === undefined || name === '') return ''
    if (this.#models.has(name)) return name
    if (!this.#sources.isServed(name)) return OTHER
    this.#models.add(name)
    return name
  }

  /** The code of what was thrown. */
  code(error: unknown): string {
    if (!(error instanceof ApiError)) return 'internal_error'
    if (error.code === null) return UNNAMED
    return isOwnCode(error.code) ? error.code : OTHER
  }
}
