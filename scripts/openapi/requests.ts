/** What clients send: the very schemas that check it, and what their fields mean. */
import * as z from 'zod'
import { MessageSchema } from '../../src/wire/chat/message.ts'
import { chatFields, reliedChatFields } from '../../src/wire/chat/request.ts'
import { reliedTextFields, textFields } from '../../src/wire/completions/request.ts'
import { embeddingFields, reliedEmbeddingFields } from '../../src/wire/embeddings/request.ts'
import { BlockSchema } from '../../src/wire/messages/blocks.ts'
import { CountRequestSchema, MessagesRequestSchema } from '../../src/wire/messages/request.ts'
import { itemSchema, itemTypes } from '../../src/wire/responses/items.ts'
import { ResponsesRequestSchema } from '../../src/wire/responses/request.ts'
import { bodySchema, type Fields } from '../../src/wire/validation/fields.ts'
import * as fields from './request-fields.ts'
import type { AnyZod, Schema } from './schema.ts'

/** One request, or a part of it that has a name. */
export interface Request {
  schema: AnyZod
  description: string
  /** What each field is for. */
  fields: Record<string, string>
  /** What an engine that runs here checks; most fields are passed to an upstream as they came. */
  own?: AnyZod
  /** The JSON Schema of a field that is checked by code, which zod can't put into words. */
  checked?: Record<string, AnyZod>
}

/** An item is checked by its type; one that has a role and no type is a message. */
const ItemSchema = z.union([
  ...itemTypes.map((type) => {
    const { shape } = itemSchema({ type }) as unknown as { shape: Record<string, z.ZodType> }
    const isOptional = type === 'message' || type === 'item_reference'
    const literal = z.literal(type)
    return z.looseObject({ type: isOptional ? literal.nullish() : literal, ...shape })
  }),
  z.looseObject({ type: z.string().regex(new RegExp(`^(?!(?:${itemTypes.join('|')})$)`)) }),
])

const OWN = 'Other fields are the engine’s own, and are passed on.'

const JUDGED =
  'Of a request to an upstream only those fields are checked that have a type here; all else is passed on as it came, for the upstream to judge. `x-own` is the form in OpenAI’s API, to which the engines hold that run here.'

/** All fields that engines here know, of which only some are relied on whoever answers. */
function passedOn(known: Fields, relied: Fields): AnyZod {
  const anything = () => z.optional(z.unknown())
  const all = Object.keys(known).map((field) => [field, relied[field] ?? anything] as const)
  return bodySchema(Object.fromEntries(all) as unknown as Fields)
}

/** By the names that they have in the document. */
export const requests: Record<string, Request> = {
  ChatRequest: {
    schema: passedOn(chatFields, reliedChatFields),
    own: bodySchema(chatFields),
    description: JUDGED,
    fields: fields.chatFields,
  },
  ChatMessage: {
    schema: MessageSchema,
    description: 'One message. Parts of a type that is not named here are passed on.',
    fields: {},
  },
  TextRequest: {
    schema: passedOn(textFields, reliedTextFields),
    own: bodySchema(textFields),
    description: JUDGED,
    fields: fields.textFields,
  },
  EmbeddingRequest: {
    schema: passedOn(embeddingFields, reliedEmbeddingFields),
    own: bodySchema(embeddingFields),
    description: JUDGED,
    fields: fields.embeddingFields,
  },
  MessagesRequest: {
    schema: MessagesRequestSchema,
    description: OWN,
    fields: fields.messagesFields,
  },
  CountRequest: {
    schema: CountRequestSchema,
    description: 'The prompt of a `MessagesRequest`.',
    fields: fields.countFields,
  },
  MessagesBlock: {
    schema: BlockSchema,
    description: 'One block of a message. Only an engine that speaks the API can know other types.',
    fields: {},
  },
  ResponsesRequest: {
    schema: ResponsesRequestSchema,
    description: OWN,
    fields: fields.responsesFields,
    checked: { input: z.union([z.string(), z.array(ItemSchema)]).nullish() },
  },
  ResponseInputItem: {
    schema: ItemSchema,
    description:
      'One item of a conversation. A reference stands for an item that is kept; items of other types are for engines that know them.',
    fields: {},
  },
}

/** A request's JSON Schema with the meaning of its fields. */
export function described(name: string, schema: Schema, checked: Record<string, Schema>): Schema {
  const { description, fields } = requests[name] as Request
  if (schema.properties === undefined) return { description, ...schema }
  const properties = Object.entries(schema.properties).map(([field, said]) => {
    const words = fields[field]
    if (words === undefined) throw new TypeError(`${name}.${field} has no description.`)
    const own = checked[`${name}.own`]?.properties?.[field]
    const isOther = own !== undefined && JSON.stringify(own) !== JSON.stringify(said)
    const form = isOther && { 'x-own': own }
    return [field, { description: words, ...said, ...checked[`${name}.${field}`], ...form }]
  })
  return { description, ...schema, properties: Object.fromEntries(properties) }
}
