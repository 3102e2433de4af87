/** The requests of well-behaved clients, and how each answer is compared with what the upstream sent. */
import { readMessages } from '../support/message-stream.ts'
import { lintResponse, readResponses } from '../support/responses.ts'
import {
  type Assignment,
  argumentPieces,
  assignmentText,
  chatFrames,
  TOOL,
  textFrames,
  usageOf,
  wholeText,
  withoutStamps,
} from './text.ts'

export interface Kind {
  name: string
  path: string
  shape: Assignment['shape']
  /** Whether tokens arrive one by one, so that gaps can be measured. */
  streams: boolean
  body(content: string): object
  /** What is wrong with the answer's body; empty if every byte is right. */
  judge(raw: string, assignment: Assignment): string[]
}

const MODEL = 'good'
const USAGE = { stream: true, stream_options: { include_usage: true } }
/** A heartbeat of a chat or completions stream: a comment, or a chunk that says at most its role. */
const HEARTBEAT =
  /: ping\n|data: \{[^\n]*"(?:delta":\{(?:"role":"assistant",?)?(?:"content":"")?\}|text":"")[^\n]*"finish_reason":null\}\][^\n]*\}\n\n/g

export const KINDS: readonly Kind[] = [
  {
    name: 'chat',
    path: '/v1/chat/completions',
    shape: 'text',
    streams: true,
    body: (content) => ({ model: MODEL, messages: user(content), ...USAGE }),
    judge: (raw, asked) => compare(raw, chatFrames(asked, MODEL, true)),
  },
  {
    name: 'tools',
    path: '/v1/chat/completions',
    shape: 'tool',
    streams: true,
    body: (content) => ({ model: MODEL, messages: user(content), tools: [TOOL], stream: true }),
    judge: (raw, asked) => compare(raw, chatFrames(asked, MODEL, false)),
  },
  {
    name: 'completions',
    path: '/v1/completions',
    shape: 'text',
    streams: true,
    body: (prompt) => ({ model: MODEL, prompt, ...USAGE }),
    judge: (raw, asked) => compare(raw, textFrames(asked, MODEL, true)),
  },
  {
    name: 'messages',
    path: '/v1/messages',
    shape: 'text',
    streams: true,
    body: (content) => ({ model: MODEL, max_tokens: 400, messages: user(content), stream: true }),
    judge: judgeMessage,
  },
  {
    name: 'messages-tools',
    path: '/v1/messages',
    shape: 'tool',
    streams: true,
    body: (content) => ({
      model: MODEL,
      max_tokens: 400,
      messages: user(content),
      tools: [{ name: TOOL.function.name, input_schema: TOOL.function.parameters }],
      stream: true,
    }),
    judge: judgeMessage,
  },
  {
    name: 'responses',
    path: '/v1/responses',
    shape: 'text',
    streams: true,
    body: (input) => ({ model: MODEL, input, store: false, stream: true }),
    judge: judgeResponses,
  },
  {
    name: 'whole',
    path: '/v1/chat/completions',
    shape: 'text',
    streams: false,
    body: (content) => ({ model: MODEL, messages: user(content) }),
    judge: judgeWhole,
  },
  {
    // The client reads it once more later, from the store.
    name: 'stored',
    path: '/v1/responses',
    shape: 'text',
    streams: false,
    body: (input) => ({ model: MODEL, input, store: true }),
    judge: judgeStored,
  },
  {
    // The client asks for it until it is complete.
    name: 'background',
    path: '/v1/responses',
    shape: 'text',
    streams: false,
    body: (input) => ({ model: MODEL, input, store: true, background: true }),
    judge: judgeStored,
  },
]

export function bodyOf(kind: Kind, assignment: Assignment): string {
  return JSON.stringify(kind.body(assignmentText(assignment)))
}

function user(content: string): object[] {
  return [{ role: 'user', content }]
}

/** Byte by byte, except for heartbeats, the role where one of them said it, and the time in each stamp. */
function compare(raw: string, frames: string[]): string[] {
  const got = withoutStamps(raw.replace(HEARTBEAT, ''))
  const expected = frames.join('')
  const withoutRole = expected.replace('"role":"assistant",', '')
  return got === withoutRole && raw.includes('"role":"assistant"')
    ? []
    : difference('the stream', got, expected)
}

function difference(what: string, got: string, expected: string): string[] {
  if (got === expected) return []
  let at = 0
  while (at < got.length && got[at] === expected[at]) at++
  const show = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 30), at + 120))
  return [`${what} differs at character ${at}: got ${show(got)}, expected ${show(expected)}`]
}

function judgeMessage(raw: string, asked: Assignment): string[] {
  const { problems, outcome, text, blocks, usage } = readMessages(raw)
  const found = [...problems]
  if (outcome !== 'finished') found.push(`the message is ${outcome}`)
  const got = asked.shape === 'text' ? text : (blocks.find(({ json }) => json)?.json ?? '')
  const expected = asked.shape === 'text' ? wholeText(asked) : argumentPieces(asked).join('')
  found.push(...difference('the message', withoutStamps(got), expected))
  const counted = usage.at(-1)?.output_tokens
  if (counted !== asked.tokens)
    found.push(`output_tokens: got ${counted}, expected ${asked.tokens}`)
  return found
}

function judgeResponses(raw: string, asked: Assignment): string[] {
  const { problems, outcome, text } = readResponses(raw.replace(/: ping\n/g, ''))
  const found = [...problems]
  if (outcome !== 'completed') found.push(`the response is ${outcome}`)
  return [...found, ...difference('the response', withoutStamps(text), wholeText(asked))]
}

function judgeWhole(raw: string, asked: Assignment): string[] {
  const { choices, usage } = JSON.parse(raw) as {
    choices: { message: { content: string }; finish_reason: string }[]
    usage: { completion_tokens: number }
  }
  const found = difference(
    'the answer',
    withoutStamps(choices[0]?.message.content ?? ''),
    wholeText(asked),
  )
  if (usage.completion_tokens !== usageOf(asked).completion_tokens) found.push('the usage differs')
  return found
}

function judgeStored(raw: string, asked: Assignment): string[] {
  const response = JSON.parse(raw) as {
    status: string
    output: { content?: { text?: string }[] }[]
  }
  const text = response.output.flatMap(({ content = [] }) => content.map(({ text = '' }) => text))
  const found = lintResponse(response)
  if (response.status !== 'completed') found.push(`the response is ${response.status}`)
  return [...found, ...difference('the response', withoutStamps(text.join('')), wholeText(asked))]
}
