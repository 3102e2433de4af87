/**
 * The tools that a request of OpenAI's Responses API declares. Names and types are those of its OpenAPI
 * description 2.3.0. Tools of other types pass.
 */
import * as z from 'zod/mini'
import { tagged } from '../chat/message.ts'
import { dictionary } from '../chat/request.ts'
import { flag, text } from '../validation/fields.ts'

const functionTool = z.looseObject({
  type: z.literal('function'),
  name: z.string(),
  description: text,
  parameters: z.nullish(dictionary),
  strict: flag,
})

const customTool = z.looseObject({
  type: z.literal('custom'),
  name: z.string(),
  description: text,
  format: z.nullish(dictionary),
})

export const ToolSchema = tagged(
  functionTool,
  customTool,
  z.looseObject({
    type: z.literal('namespace'),
    name: z.string(),
    description: text,
    tools: z.array(tagged(functionTool, customTool)),
  }),
  z.looseObject({
    type: z.literal('tool_search'),
    execution: text,
    description: text,
  }),
)

const mode = z.enum(['auto', 'required'])

export const ToolChoiceSchema = z.union([
  z.enum(['none', 'auto', 'required']),
  tagged(
    z.looseObject({ type: z.literal('function'), name: z.string() }),
    z.looseObject({ type: z.literal('custom'), name: z.string() }),
    z.looseObject({
      type: z.literal('allowed_tools'),
      mode,
      tools: z.array(z.looseObject({ type: z.string(), name: z.optional(z.string()) })),
    }),
  ),
])
