/** Requests to Ollama's API, what is read of its streams, and the lines that an Ollama sends. */
import type { Script } from './script.ts'

export const model = 'Qwen/Qwen3-8B'
export const words = 'The quick brown fox jumps over the lazy dog.'
export const ask = { model, messages: [{ role: 'user', content: 'Go.' }] }

/** An option that Ollama does not have reaches the upstream: the script of its answer does. */
export function postOllama({ server }: { server: { url: string } }, body: object, path = 'chat') {
  const own = path === 'chat' ? ask : { model, prompt: 'Go.' }
  return fetch(`${server.url}/api/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...own, ...body }),
  })
}

export interface OllamaLine {
  model?: string
  created_at?: string
  message?: {
    role: string
    content: string
    thinking?: string
    tool_calls?: { id: string; function: { name: string; arguments: object } }[]
  }
  response?: string
  thinking?: string
  done?: boolean
  done_reason?: string
  error?: string
  logprobs?: object[]
  [field: string]: unknown
}

/** What a client makes of a stream, and what breaks the API. */
export interface OllamaRead {
  raw: string
  lines: OllamaLine[]
  text: string
  thinking: string
  calls: { id: string; function: { name: string; arguments: object } }[]
  /** The last line. */
  last: OllamaLine | undefined
  outcome: 'finished' | 'failed' | 'truncated'
  problems: string[]
}

/** Reads the body of a stream. It judges by the API alone, and shares no code with what writes it. */
export function readOllama(raw: string): OllamaRead {
  const problems: string[] = []
  if (raw !== '' && !raw.endsWith('\n')) problems.push('the last line does not end')
  const texts = raw === '' ? [] : raw.replace(/\n$/, '').split(/[\n\r\u0085\u2028\u2029]/)
  const lines = texts.map((text) => {
    if (text === '') problems.push('an empty line')
    return JSON.parse(text === '' ? '{}' : text) as OllamaLine
  })
  const parts = lines.map((line) => line.message ?? line)
  const last = lines.at(-1)
  for (const [index, line] of lines.entries()) {
    problems.push(...problemsOf(line, index === lines.length - 1))
  }
  const failed = last?.error === undefined ? 'truncated' : 'failed'
  return {
    raw,
    lines,
    text: parts.map((part) => contentOf(part)).join(''),
    thinking: parts.map(({ thinking = '' }) => thinking).join(''),
    calls: lines.flatMap(({ message }) => message?.tool_calls ?? []),
    last,
    outcome: last?.done === true ? 'finished' : failed,
    problems,
  }
}

function contentOf(part: { content?: unknown; response?: unknown }): string {
  return `${part.content ?? part.response ?? ''}`
}

function problemsOf(line: OllamaLine, isLast: boolean): string[] {
  if (line.error !== undefined) {
    const isAlone = Object.keys(line).length === 1 && isLast
    return isAlone ? [] : ['an error that is not alone']
  }
  const problems: string[] = []
  if (typeof line.model !== 'string') problems.push('no model')
  if (Number.isNaN(Date.parse(line.created_at ?? ''))) problems.push('no created_at')
  if (typeof line.done !== 'boolean') problems.push('no done')
  if (line.done && !isLast) problems.push('a line after done')
  if (line.done && typeof line.done_reason !== 'string') problems.push('no done_reason')
  if ((line.message === undefined) === (line.response === undefined)) problems.push('no text')
  for (const [name, value] of Object.entries(line)) {
    if (/_(duration|count)$/.test(name) && !Number.isSafeInteger(value)) problems.push(name)
  }
  return problems
}

/** Lines as an Ollama 0.12 sends them; the last one ends the answer. */
export function chatLines(pieces: object[], ended: object = {}): object[] {
  const head = { model: 'qwen3:8b', created_at: '2026-08-21T10:00:00.123456789Z' }
  const parts = pieces.map((piece) => {
    return { ...head, message: { role: 'assistant', content: '', ...piece }, done: false }
  })
  return [
    ...parts,
    { ...head, message: { role: 'assistant', content: '' }, done: true, ...END, ...ended },
  ]
}

const END = {
  done_reason: 'stop',
  total_duration: 1_200_000_000,
  load_duration: 100_000_000,
  prompt_eval_count: 11,
  prompt_eval_duration: 200_000_000,
  eval_count: 5,
  eval_duration: 900_000_000,
}

export const linesText = (lines: object[]) =>
  lines.map((each) => `${JSON.stringify(each)}\n`).join('')

/** A stream of these lines. */
export function lineScript(lines: object[], more: Partial<Script> = {}): Script {
  const headers = { 'content-type': 'application/x-ndjson' }
  return { headers, steps: lines.map((each) => ({ send: linesText([each]) })), ...more }
}

/** The same answer at once. */
export function wholeScript(answer: object): Script {
  const headers = { 'content-type': 'application/json; charset=utf-8' }
  return { headers, steps: [{ send: JSON.stringify(answer) }] }
}

/** A PNG, a JPEG and a WAV file: as much of them as tells their type. */
export const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
export const jpeg = '/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//'
export const wav = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEA'
