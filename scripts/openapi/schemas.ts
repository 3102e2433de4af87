/** All schemas of all APIs, by the names that they have in the document. */
import { activitySchemas } from '../../src/wire/activity/schema.ts'
import { captureSchemas } from '../../src/wire/captures/schema.ts'
import { chatSchemas } from '../../src/wire/chat/schema.ts'
import { textSchemas } from '../../src/wire/completions/schema.ts'
import { embeddingSchemas } from '../../src/wire/embeddings/schema.ts'
import { errorSchemas } from '../../src/wire/errors/schema.ts'
import { healthSchemas } from '../../src/wire/health/schema.ts'
import { keyUsageSchemas } from '../../src/wire/key-usage/schema.ts'
import { messagesSchemas } from '../../src/wire/messages/schema.ts'
import { modelSchemas } from '../../src/wire/models/schema.ts'
import { ollamaModelSchemas } from '../../src/wire/ollama/models-schema.ts'
import { ollamaSchemas } from '../../src/wire/ollama/schema.ts'
import { responsesSchemas } from '../../src/wire/responses/schema.ts'
import { streamSchemas } from '../../src/wire/streams/schema.ts'
import { tabSchemas } from '../../src/wire/tabs/schema.ts'
import type { AnySchema, DescribedRequest } from '../../src/wire/validation/describe.ts'
import { componentsOf, mapped, type Schema } from './schema.ts'

export const requests: Record<string, DescribedRequest> = {
  ...captureSchemas.requests,
  ...chatSchemas.requests,
  ...textSchemas.requests,
  ...embeddingSchemas.requests,
  ...messagesSchemas.requests,
  ...responsesSchemas.requests,
  ...ollamaModelSchemas.requests,
  ...ollamaSchemas.requests,
  ...tabSchemas.requests,
}

const answers: Record<string, AnySchema> = {
  ...chatSchemas.answers,
  ...textSchemas.answers,
  ...messagesSchemas.answers,
  ...responsesSchemas.answers,
  ...embeddingSchemas.answers,
  ...modelSchemas.answers,
  ...healthSchemas.answers,
  ...errorSchemas.answers,
  ...ollamaModelSchemas.answers,
  ...ollamaSchemas.answers,
  ...activitySchemas.answers,
  ...captureSchemas.answers,
  ...streamSchemas.answers,
  ...keyUsageSchemas.answers,
  ...tabSchemas.answers,
}

/** The name that a schema of an answer has in the document. */
export function nameOf(schema: AnySchema): string {
  const [name] = Object.entries(answers).find(([, each]) => each === schema) ?? []
  if (name === undefined) throw new TypeError('A stream holds an event whose schema has no name.')
  return name
}

/** The JSON Schemas of all of them. */
export function schemaComponents(): Record<string, Schema> {
  const checked = Object.entries(requests).flatMap(([name, { own, checked = {} }]) =>
    Object.entries({ ...checked, ...(own && { own }) }).map(([field, schema]) => {
      return [`${name}.${field}`, schema]
    }),
  )
  // All at once: where one holds another, it refers to it.
  const made = componentsOf({
    ...mapped(requests, ({ schema }) => schema),
    ...(Object.fromEntries(checked) as Record<string, AnySchema>),
  })
  return {
    ...mapped(requests, (_, name) => described(name, made[name] as Schema, made)),
    ...componentsOf(answers),
  }
}

/** A request's JSON Schema with the meaning of its fields. */
function described(name: string, schema: Schema, made: Record<string, Schema>): Schema {
  const { description, fields } = requests[name] as DescribedRequest
  if (schema.properties === undefined) return { description, ...schema }
  const properties = Object.entries(schema.properties).map(([field, said]) => {
    const words = fields[field]
    if (words === undefined) throw new TypeError(`${name}.${field} has no description.`)
    const own = made[`${name}.own`]?.properties?.[field]
    const isOther = own !== undefined && JSON.stringify(own) !== JSON.stringify(said)
    const form = isOther && { 'x-own': own }
    return [field, { description: words, ...said, ...made[`${name}.${field}`], ...form }]
  })
  return { description, ...schema, properties: Object.fromEntries(properties) }
}
