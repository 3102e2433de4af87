import { isObject } from '../../../util/object.ts'
import type { ChatRequest } from '../../../wire/chat/request.ts'
import { ApiError, badRequest } from '../../../wire/errors/api-error.ts'
import type { MlcResponseFormat, ModelRecord } from '../mlc-types.ts'
import { CallReader } from './call-reader.ts'
import { toolFormOf } from './forms.ts'
import { toolGrammar } from './grammar.ts'
import type { ToolPrompt } from './history.ts'
import { toolsOf } from './tools-of.ts'
import { toolPrompt } from './written.ts'

/** What a request with tools adds to the prompt, to the grammar and to the reading of the answer. */
export interface ToolUse {
  prompt: ToolPrompt
  format: MlcResponseFormat
  calls: CallReader
}

/** Undefined where no tools are to be used. Throws an `ApiError` (400) that names the field. */
export function toolUse(
  request: ChatRequest,
  record: ModelRecord,
  mayThink: boolean,
): ToolUse | undefined {
  const offered = toolsOf(request)
  if (offered === undefined) return undefined
  const form = toolFormOf(record)
  if (form === undefined) throw noForm(record.model_id)
  const isThinking = form.thinks && mayThink
  const tag = toolGrammar(form, offered, isThinking, answerSchema(request))
  return {
    prompt: { text: toolPrompt(form, offered.tools), isFirst: form.family === 'llama' },
    format: { type: 'structural_tag', structural_tag: tag },
    calls: new CallReader(form, offered, isThinking),
  }
}

/** The schema of an answer without calls, where one is asked for beside the tools. */
function answerSchema({ response_format }: ChatRequest): Record<string, unknown> | undefined {
  if (!isObject(response_format) || response_format.type === 'text') return undefined
  const { type, json_schema } = response_format
  const schema = isObject(json_schema) ? json_schema.schema : undefined
  if (type === 'json_object' || type === 'json_schema') {
    return isObject(schema) ? schema : { type: 'object', additionalProperties: true }
  }
  throw badRequest(
    `response_format.type: expected text, json_object or json_schema beside tools, got ${JSON.stringify(type)}; leave out the tools or the format.`,
    'response_format.type',
  )
}

function noForm(model: string): ApiError {
  const message = `tools: ${model} was not trained on a form of tool calls that is known here; name a model with "tools": true in GET /v1/models, or send no tools.`
  return new ApiError(400, message, { code: 'model_not_capable', param: 'tools' })
}
