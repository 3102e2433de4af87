/** Checks of tool calls and structured output, if a server supports them. */
import type { Recording } from '../../recording/recording.ts'
import { isObject, parseObject } from '../../util/object.ts'
import type {
  CheckedApi,
  CollectedAnswer,
  CollectedCall,
  JsonFields,
  ToolDefinition,
} from '../dialects/dialect.ts'
import type { Findings } from '../findings.ts'
import { parseBody } from '../recorded-body.ts'
import { shown } from './ending.ts'

/** The prompt and tool of the request that has to be answered with tool calls. */
export const TOOL_PROMPT = {
  text: 'What is the weather in Paris and in London? Ask get_weather for each of them.',
  offer: {
    name: 'get_weather',
    description: 'The weather in a city now.',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
      additionalProperties: false,
    },
  } satisfies ToolDefinition,
}

/** The prompt and JSON Schema of the request for structured output. */
export const SCHEMA_PROMPT = {
  text: 'Name three colours, as JSON.',
  schema: {
    type: 'object',
    properties: { colours: { type: 'array', items: { type: 'string' } } },
    required: ['colours'],
    additionalProperties: false,
  } satisfies JsonFields,
}

export function collectAnswer(recording: Recording, dialect: CheckedApi): CollectedAnswer {
  const events = parseBody(recording).events.map(({ data }) => parseObject(data ?? ''))
  return dialect.collect(events.filter((event) => event !== undefined))
}

/** Returns why there was nothing to check. */
export function checkCalls(
  answer: CollectedAnswer,
  dialect: CheckedApi,
  findings: Findings,
): string | undefined {
  if (answer.calls.length === 0) return 'no tool was called'
  // Calls that the token limit cut off are incomplete.
  if (answer.finishReason === dialect.finishReasons.limit)
    return 'the token limit cut the answer off'
  for (const call of answer.calls) checkCall(call, findings)
  if (answer.finishReason !== dialect.finishReasons.call) {
    findings.add('tool-finish', `${shown(answer.finishReason)} after a call`, 0)
  }
  return undefined
}

function checkCall(
  { id, name, arguments: text, isMixed }: CollectedCall,
  findings: Findings,
): void {
  const isNamed = typeof id === 'string' && id !== '' && name === TOOL_PROMPT.offer.name
  if (!isNamed) findings.add('tool-call', `id: ${shown(id)}, name: ${shown(name)}`, 0)
  if (isMixed) findings.add('tool-index', 'parts of several calls have the same index, or none', 0)
  else if (parseObject(text) === undefined) findings.add('tool-arguments', shown(text), 0)
}

/** Returns why there was nothing to check. */
export function checkStructured(
  answer: CollectedAnswer,
  dialect: CheckedApi,
  findings: Findings,
): string | undefined {
  if (answer.finishReason === dialect.finishReasons.limit)
    return 'the token limit cut the answer off'
  const value = parseObject(answer.text)
  const colours = value?.colours
  const isFit =
    isObject(value) &&
    Object.keys(value).length === 1 &&
    Array.isArray(colours) &&
    colours.every((each) => typeof each === 'string')
  if (!isFit) findings.add('structured-json', shown(answer.text), 0)
  return undefined
}
