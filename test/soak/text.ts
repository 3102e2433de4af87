/**
 * What the healthy upstream writes for a request, from the request's own words alone, so that a client
 * knows every byte in advance. Each token holds a stamp: `~` and the microseconds at which it was sent.
 */
import { EMPTY_STAMP, STAMP_DIGITS } from '../../bench/clock.ts'

/** What a well-behaved request asks the upstream for, in a message's text. */
export interface Assignment {
  id: string
  tokens: number
  /** Milliseconds between two tokens. */
  every: number
  /** Text, or the arguments of a tool call. */
  shape: 'text' | 'tool'
}

/** How many milliseconds lie between two tokens of a well-behaved stream. */
export const PACE = 25

const pattern = /soak id=([\w-]+) tokens=(\d+) every=(\d+) shape=(text|tool)/

export function assignmentText({ id, tokens, every, shape }: Assignment): string {
  return `soak id=${id} tokens=${tokens} every=${every} shape=${shape}`
}

/** The assignment in a request's body, if there is one. */
export function readAssignment(body: string): Assignment | undefined {
  const [, id, tokens, every, shape] = pattern.exec(body) ?? []
  if (id === undefined) return undefined
  return { id, tokens: Number(tokens), every: Number(every), shape: shape as 'text' | 'tool' }
}

/** Words that need escapes, several bytes or a surrogate pair, one with each token. */
const WORDS = [
  'plain',
  '"quoted"',
  'back\\slash',
  'two\nlines',
  '狐狸',
  '🦊',
  'é\t',
  'data: [DONE]',
]

/** A token's text, its stamp not filled in. */
function tokenText(id: string, at: number): string {
  const word = WORDS[at % WORDS.length]
  return `${id}:${at} ${word} ${EMPTY_STAMP} `
}

export function wholeText({ id, tokens }: Assignment): string {
  return Array.from({ length: tokens }, (_, at) => tokenText(id, at)).join('')
}

/** The pieces of a tool call's arguments, which are `{"text": wholeText}`. */
export function argumentPieces({ id, tokens }: Assignment): string[] {
  const pieces = Array.from({ length: tokens }, (_, at) =>
    JSON.stringify(tokenText(id, at)).slice(1, -1),
  )
  return ['{"text":"', ...pieces, '"}']
}

/** The text with every stamp emptied again. */
export function withoutStamps(text: string): string {
  return text.replace(/~\d{16}/g, EMPTY_STAMP)
}

/** The text with its stamp filled in. */
export function stamped(text: string, microseconds: number): string {
  return text.replace(
    EMPTY_STAMP,
    `~${String(Math.floor(microseconds)).padStart(STAMP_DIGITS, '0')}`,
  )
}

export const TOOL = {
  type: 'function',
  function: {
    name: 'write',
    description: 'Writes a text.',
    parameters: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
  },
}

/** The usage of an assignment's answer. */
export function usageOf({ tokens }: Assignment) {
  return { prompt_tokens: 7, completion_tokens: tokens, total_tokens: 7 + tokens }
}

/** Seconds; every frame says the same. */
const CREATED = 1_790_000_000

function chunk(id: string, model: string, rest: object): string {
  const head = { id: `chatcmpl-${id}`, object: 'chat.completion.chunk', created: CREATED, model }
  return `data: ${JSON.stringify({ ...head, ...rest })}\n\n`
}

/** The frames of a chat stream, in order, their stamps not filled in; `[DONE]` is the last. */
export function chatFrames(assignment: Assignment, model: string, hasUsage: boolean): string[] {
  const { id, shape } = assignment
  const delta = (delta: object, finish_reason: string | null = null) =>
    chunk(id, model, { choices: [{ index: 0, delta, finish_reason }] })
  return [
    ...(shape === 'text' ? textDeltas(assignment) : toolDeltas(assignment)).map((each) =>
      delta(each),
    ),
    delta({}, shape === 'text' ? 'stop' : 'tool_calls'),
    ...(hasUsage ? [chunk(id, model, { choices: [], usage: usageOf(assignment) })] : []),
    'data: [DONE]\n\n',
  ]
}

function textDeltas({ id, tokens }: Assignment): object[] {
  const deltas = Array.from({ length: tokens }, (_, at) => ({ content: tokenText(id, at) }))
  return deltas.map((each, at) => (at === 0 ? { role: 'assistant', ...each } : each))
}

function toolDeltas(assignment: Assignment): object[] {
  const [first = '', ...others] = argumentPieces(assignment)
  const call = (rest: object) => ({ tool_calls: [{ index: 0, ...rest }] })
  const name = TOOL.function.name
  const begun = { id: `call_${assignment.id}`, type: 'function' }
  return [
    { role: 'assistant', ...call({ ...begun, function: { name, arguments: first } }) },
    ...others.map((piece) => call({ function: { arguments: piece } })),
  ]
}

/** The frames of a completions stream. */
export function textFrames(assignment: Assignment, model: string, hasUsage: boolean): string[] {
  const { id, tokens } = assignment
  const head = { id: `cmpl-${id}`, object: 'text_completion', created: CREATED, model }
  const frame = (rest: object) => `data: ${JSON.stringify({ ...head, ...rest })}\n\n`
  const piece = (text: string, finish_reason: string | null) =>
    frame({ choices: [{ index: 0, text, logprobs: null, finish_reason }] })
  return [
    ...Array.from({ length: tokens }, (_, at) => piece(tokenText(id, at), null)),
    piece('', 'stop'),
    ...(hasUsage ? [frame({ choices: [], usage: usageOf(assignment) })] : []),
    'data: [DONE]\n\n',
  ]
}

/** A whole chat answer, with the stamps not filled in. */
export function wholeChat(assignment: Assignment, model: string): object {
  const message = { role: 'assistant', content: wholeText(assignment) }
  return {
    id: `chatcmpl-${assignment.id}`,
    object: 'chat.completion',
    created: CREATED,
    model,
    choices: [{ index: 0, message, finish_reason: 'stop' }],
    usage: usageOf(assignment),
  }
}
