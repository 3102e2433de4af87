/**
 * How the schemas of an API are put together for the OpenAPI document and for tests. Each API has them
 * in its `schema.ts`. No server loads these files: test/unit/wire/schemas.test.ts makes sure of it.
 */
import * as z from 'zod/mini'
import { bodySchema, type Fields } from './fields.ts'

export type AnySchema = z.core.$ZodType

/** The schema with a description for the document. */
export function described<S extends z.ZodMiniType>(schema: S, text: string): S {
  return schema.check(z.describe(text))
}

/** The schemas of one API, by the names that they have in the document. */
export interface ApiSchemas {
  requests?: Record<string, DescribedRequest>
  answers: Record<string, AnySchema>
}

/** The body of a request, or a part of it that has a name. */
export interface DescribedRequest {
  /** The schema that checks it. */
  schema: AnySchema
  description: string
  /** What each field is for; empty for what has several forms. */
  fields: Readonly<Record<string, string>>
  /** What an engine that runs here checks, where an upstream is left to judge for itself. */
  own?: AnySchema
  /** The schemas of fields that are checked by code instead of by `schema`. */
  checked?: Record<string, AnySchema>
}

/** One kind of event of a stream. */
export interface DescribedEvent {
  /** The field `event`, where events have one. */
  event?: string
  /** The schema of its JSON, or the text itself. */
  data: AnySchema | string
  description: string
}

/**
 * A request of which an upstream judges all fields but the `relied` ones: engines that run here judge
 * all that are `known`.
 */
export function judgedRequest<Known extends Fields>(
  known: Known,
  relied: Fields,
  fields: Record<keyof Known, string>,
): DescribedRequest {
  const anything = () => z.optional(z.unknown())
  const all = Object.keys(known).map((field) => [field, relied[field] ?? anything] as const)
  return {
    schema: bodySchema(Object.fromEntries(all)),
    own: bodySchema(known),
    description:
      'Only the fields that have a type here are checked in a request to an upstream; all others are passed on unchanged, for the upstream to judge. `x-own` is the form in OpenAI’s API, which engines that run in sluice itself require.',
    fields,
  }
}

/** What is said of a request whose unknown fields are passed on. */
export const PASSED_ON = 'Fields that are not named here are passed on to the engine.'
