/** The sizes of contexts that the settings state for the models of an upstream. */
import type { ContextLength } from '../../settings/context-length.ts'
import { namesModel } from '../../settings/patterns.ts'
import type { Model } from '../engine.ts'

/** Models, by the names that clients use, with the length that the settings state. */
export function withStatedLength(models: Model[], lengths: ContextLength | undefined): Model[] {
  if (lengths === undefined) return models
  return models.map((model) => {
    const length = lengthOf(lengths, model.id)
    return length === undefined ? model : { ...model, context_length: length }
  })
}

/** The length for a model: by its own name before a pattern, and the first of several patterns. */
function lengthOf(lengths: ContextLength, id: string): number | undefined {
  if (typeof lengths === 'number') return lengths
  if (Object.hasOwn(lengths, id)) return lengths[id]
  return Object.entries(lengths).find(([pattern]) => namesModel([pattern], id))?.[1]
}
