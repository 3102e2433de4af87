// Text completions: the scripted upstream's answers, and how a test requests and reads them.

import { isObject } from '../../src/util/object.ts'
import { lintText } from './lint-text.ts'
import { type ReadOptions, readStream, type StreamRead } from './read.ts'
import { frame, type Script, type Step } from './script.ts'

/** What the scripted upstream reads of a request. */
interface TextBody {
  model?: string
  prompt?: string | (string | number | number[])[] | null
  n?: number | null
  echo?: boolean
  stream?: boolean
  stream_options?: { include_usage?: boolean } | null
  logprobs?: number
}

export const WORDS = ['The', ' quick', ' "brown"', ' fox', ' 狐狸', ' jumps.\n']
export const TEXT = WORDS.join('')

/** The prompts of a request, each as it would be echoed. */
function promptsOf({ prompt }: TextBody): string[] {
  if (!Array.isArray(prompt)) return [typeof prompt === 'string' ? prompt : '']
  if (prompt.some((each) => typeof each === 'number')) return [`<${prompt.join()}>`]
  return prompt.map((each) => (typeof each === 'string' ? each : `<${String(each)}>`))
}

const envelope = { id: 'cmpl-u', object: 'text_completion', created: 1_790_000_000 }

/** vLLM's error for a prompt that is neither a text nor a list. */
const wrongPrompt: Script = {
  status: 400,
  headers: { 'content-type': 'application/json' },
  steps: [{ send: '{"error":{"message":"prompt: not a string or a list","code":400}}' }],
}

/** The answer of a server with every feature: every prompt gets the words, `n` times. */
export function completionScript(body: TextBody): Script {
  if (isObject(body.prompt)) return wrongPrompt
  const { model = 'm', echo = false, stream } = body
  const n = body.n ?? 1
  const texts = promptsOf(body).flatMap((prompt) =>
    Array.from({ length: n }, () => [...(echo ? [prompt] : []), ...WORDS]),
  )
  const usage = {
    prompt_tokens: promptsOf(body).length * 3,
    completion_tokens: texts.length * WORDS.length,
    total_tokens: promptsOf(body).length * 3 + texts.length * WORDS.length,
  }
  const logprobs = (tokens: string[]) =>
    body.logprobs === undefined ? null : logprobsOf(tokens, body.logprobs)
  if (!stream) {
    const choices = texts.map((words, index) => {
      return { index, text: words.join(''), logprobs: logprobs(words), finish_reason: 'stop' }
    })
    return {
      headers: { 'content-type': 'application/json' },
      steps: [{ send: JSON.stringify({ ...envelope, model, choices, usage }) }],
    }
  }
  const piece = (index: number, text: string, finish_reason: string | null) =>
    textChunk(text, { index, finish_reason, logprobs: text ? logprobs([text]) : null }, { model })
  const longest = Math.max(...texts.map(({ length }) => length))
  const steps: Step[] = []
  for (let at = 0; at < longest; at++) {
    for (const [index, words] of texts.entries()) {
      if (words[at] !== undefined) steps.push({ chunk: piece(index, words[at] ?? '', null) })
    }
  }
  for (const index of texts.keys()) steps.push({ chunk: piece(index, '', 'stop') })
  if (body.stream_options?.include_usage) {
    steps.push({ chunk: { ...envelope, model, choices: [], usage } })
  }
  return { steps: [...steps, { send: frame('[DONE]') }] }
}

function logprobsOf(tokens: string[], rivals: number) {
  return {
    tokens,
    token_logprobs: tokens.map(() => -0.5),
    top_logprobs: tokens.map((token) => (rivals > 0 ? { [token]: -0.5 } : null)),
    text_offset: tokens.map((_, at) => tokens.slice(0, at).join('').length),
  }
}

/** A chunk as vLLM sends it, with some fields replaced. */
export function textChunk(text: unknown, choice: object = {}, over: object = {}): object {
  const choices = [{ index: 0, text, logprobs: null, finish_reason: null, ...choice }]
  return { ...envelope, model: 'm', choices, ...over }
}

export const END: Step[] = [
  { chunk: textChunk('', { finish_reason: 'stop' }) },
  { send: frame('[DONE]') },
]

/** Tokens and other steps, followed by a complete end. */
export function writing(...parts: (string | Step)[]): Script {
  const steps = parts.map((part) => (typeof part === 'string' ? { chunk: textChunk(part) } : part))
  return { steps: [...steps, ...END] }
}

/** Posts to an API root (`…/v1`). `stream` is true unless the body says otherwise. */
export function postText(root: string, body: object, init: RequestInit = {}): Promise<Response> {
  return fetch(`${root}/completions`, {
    method: 'POST',
    ...init,
    headers: { 'content-type': 'application/json', ...init.headers },
    body: JSON.stringify({ model: 'm', prompt: 'Go.', stream: true, ...body }),
  })
}

/** A text completion's stream as a client received it; `texts` by the choice's index. */
export interface TextRead extends StreamRead {
  texts: string[]
}

/** Reads a stream to its end, and checks it against the request. */
export async function readText(
  response: Response,
  body: { prompt?: unknown; n?: number; stream_options?: unknown } = {},
  options: ReadOptions & { isForeign?: boolean } = {},
): Promise<TextRead> {
  const { include_usage: usage } = (body.stream_options ?? {}) as { include_usage?: boolean }
  const choices = promptsOf(body as TextBody).length * (body.n ?? 1)
  const read = await readStream(response, {
    ...options,
    lint: (events, chunks) => {
      const isForeign = options.isForeign === true
      return lintText(events, chunks, { usage: usage === true, choices, isForeign })
    },
  })
  const texts: string[] = []
  for (const { index, text } of read.chunks.flatMap((chunk) => chunk.choices ?? [])) {
    texts[index] = (texts[index] ?? '') + String(text)
  }
  return { ...read, texts }
}
