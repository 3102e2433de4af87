/** The users' own models. Its checks are loaded only where there are some. */
import * as z from 'zod/mini'
import type { ModelRecord } from './mlc-types.ts'
import { TOOL_FORMS } from './tools/forms.ts'

const RecordSchema = z.looseObject({
  model: z.string().check(z.minLength(1)),
  model_id: z.string().check(z.minLength(1)),
  model_lib: z.string().check(z.minLength(1)),
  overrides: z.optional(z.looseObject({})),
  vram_required_MB: z.optional(z.number()),
  low_resource_required: z.optional(z.boolean()),
  buffer_size_required_bytes: z.optional(z.number()),
  required_features: z.optional(z.array(z.string())),
  model_type: z.optional(z.number()),
  embedding_dimensions: z.optional(z.array(z.number())),
  tool_form: z.optional(z.enum(TOOL_FORMS)),
})

/**
 * Reads a list of custom models from JSON: an array in the form of web-llm's `model_list`, or an
 * object with that field. `base`: the base of relative URLs in it. Throws a `TypeError` that names
 * the field.
 */
export function readModelList(json: unknown, base: string): ModelRecord[] {
  const list = Array.isArray(json) ? json : (json as { model_list?: unknown } | null)?.model_list
  const { success, data, error } = z.array(RecordSchema).safeParse(list)
  if (!success) {
    const [issue] = error.issues
    const [index, field] = issue?.path ?? []
    const place = index === undefined ? 'model_list' : `model_list[${String(index)}]`
    const at = field === undefined ? place : `${place}.${String(field)}`
    throw new TypeError(`${at}: expected ${expectedValue(index, field, issue)}.`)
  }
  return (data as ModelRecord[]).map((record) => ({
    ...record,
    model: new URL(record.model, base).href,
    model_lib: new URL(record.model_lib, base).href,
  }))
}

function expectedValue(
  index: PropertyKey | undefined,
  field: PropertyKey | undefined,
  issue: object | undefined,
): string {
  if (index === undefined) return 'a list of models'
  if (field === undefined) return 'an object with model, model_id and model_lib'
  if (['model', 'model_id', 'model_lib'].includes(String(field)))
    return 'a string that is not empty'
  if (field === 'tool_form') return `one of ${TOOL_FORMS.join(', ')}`
  return issue && 'expected' in issue ? `a value of type ${issue.expected}` : 'another value'
}
