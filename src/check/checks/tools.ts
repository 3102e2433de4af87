/** Calls of tools, and answers of a given form: where a server offers them. */
import type { Recording } from '../../recording/recording.ts'
import { isObject, parseObject } from '../../util/object.ts'
import type { CheckedApi, JsonFields, Told, ToldCall, ToolOffer } from '../dialects/dialect.ts'
import type { Findings } from '../findings.ts'
import { wireOf } from '../recorded-body.ts'
import { shown } from './ending.ts'

/** What is asked for where a tool has to be called. */
export const TOOL = {
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
  } satisfies ToolOffer,
}

/** What is asked for where the answer has to be JSON. */
export const FORM = {
  text: 'Name three colours, as JSON.',
  schema: {
    type: 'object',
    properties: { colours: { type: 'array', items: { type: 'string' } } },
    required: ['colours'],
    additionalProperties: false,
  } satisfies JsonFields,
}

export function toldBy(recording: Recording, dialect: CheckedApi): Told {
  const events = wireOf(recording).events.map(({ data }) => parseObject(data ?? ''))
  return dialect.told(events.filter((event) => event !== undefined))
}

/** Returns why there was nothing to judge. */
export function judgeCalls(
  told: Told,
  dialect: CheckedApi,
  findings: Findings,
): string | undefined {
  if (told.calls.length === 0) return 'no tool was called'
  // What the limit cut has no end to judge.
  if (told.finish === dialect.ends.limit) return 'the limit cut the answer'
  for (const call of told.calls) judgeCall(call, findings)
  if (told.finish !== dialect.ends.call) {
    findings.add('tool-finish', `${shown(told.finish)} behind a call`, 0)
  }
  return undefined
}

function judgeCall({ id, name, arguments: text, isMixed }: ToldCall, findings: Findings): void {
  const isNamed = typeof id === 'string' && id !== '' && name === TOOL.offer.name
  if (!isNamed) findings.add('tool-call', `id: ${shown(id)}, name: ${shown(name)}`, 0)
  if (isMixed) findings.add('tool-index', 'calls that can’t be told apart', 0)
  else if (parseObject(text) === undefined) findings.add('tool-arguments', shown(text), 0)
}

/** Returns why there was nothing to judge. */
export function judgeForm(told: Told, dialect: CheckedApi, findings: Findings): string | undefined {
  if (told.finish === dialect.ends.limit) return 'the limit cut the answer'
  const answer = parseObject(told.text)
  const colours = answer?.colours
  const isFit =
    isObject(answer) &&
    Object.keys(answer).length === 1 &&
    Array.isArray(colours) &&
    colours.every((each) => typeof each === 'string')
  if (!isFit) findings.add('structured-json', shown(told.text), 0)
  return undefined
}
