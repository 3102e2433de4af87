import { closestMatches } from '../../util/closest-matches.ts'
import { MAX_MODEL_NAME } from '../../util/safe/model-name.ts'
import { quoted } from '../../util/safe/quoted.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import type { Aliases } from './aliases.ts'
import type { CatalogEntry } from './catalog.ts'
import { type ModelAccess, notAllowed } from './model-access.ts'
import { withoutLatest } from './model-index.ts'
import { reasonOf, unavailable } from './unavailable.ts'

/** The model to find an engine for. */
export interface WantedModel {
  /** Undefined where the request names none and there is no default model the caller may use. */
  model: string | undefined
  access: ModelAccess
  aliases: Aliases
}

/** The error where no engine was picked. */
export function notFound(
  { model, access, aliases }: WantedModel,
  entries: CatalogEntry[],
): ApiError {
  const upstreams = entries.slice(0, -1)
  const down = upstreams.filter(({ error }) => error !== undefined)
  const unreachable = down.map(({ engine }) => engine.label)
  if (unreachable.length > 0 && unreachable.length === upstreams.length)
    return unavailable(unreachable, reasonOf(down))
  const note = unreachable.length > 0 ? ` ${unreachable.join(' and ')} could not be reached.` : ''
  if (model === undefined && access !== undefined) {
    return notAllowed(
      `the request names no model, and you may not use every model; name one that GET /v1/models lists for you.${note}`,
    )
  }
  if (model === undefined) {
    return missing(`the request names none, and no upstream lists any; name one in model.${note}`)
  }
  const shown = quoted(model)
  const near = closestMatches(model, usableNames(entries, access, aliases))
  if (upstreams.length === 0 && near.length === 0) {
    const only = entries.at(-1)?.engine.isAbsent ? '' : ', only the built-in model "static"'
    return missing(`no engine serves ${shown}; no model server was found${only}; ${START}`)
  }
  const hint =
    near.length > 0
      ? `did you mean ${near.map((id) => quoted(id, MAX_MODEL_NAME)).join(' or ')}?`
      : 'use one of the models that GET /v1/models lists.'
  return missing(`no engine serves ${shown}; ${hint}${note}`)
}

/** One after the other, as only the first ones are compared: there may be any number. */
function* usableNames(
  entries: readonly CatalogEntry[],
  access: ModelAccess,
  aliases: Aliases,
): Iterable<string> {
  const mayUse = (name: string) => access?.(name) ?? true
  for (const { models } of entries) {
    for (const { id } of models) {
      const name = withoutLatest(id)
      if (mayUse(name)) yield name
    }
  }
  for (const name of Object.keys(aliases)) if (mayUse(name)) yield name
}

const START = 'start a server, or configure one with --upstream.'

function missing(why: string): ApiError {
  return new ApiError(404, `model: ${why}`, { code: 'model_not_found', param: 'model' })
}
