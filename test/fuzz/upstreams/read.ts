/** A client's reading of an answer in its API, by judges that know nothing of sluice's own code. */
import { readText } from '../../support/completions.ts'
import { readMessages } from '../../support/message-stream.ts'
import { readStream, type StreamRead } from '../../support/read.ts'
import { readResponses } from '../../support/responses.ts'
import type { Api } from './said.ts'

export interface ClientRead {
  /** `truncated` is none that a stream may have. */
  outcome: 'finished' | 'failed' | 'truncated'
  text: string
  /** The arguments of the first call. */
  call: string | undefined
  problems: string[]
  /** The error's code, or its type where the API has no codes. */
  error: string | undefined
  raw: string
}

export interface Reading {
  usage: boolean
  /** Its events are an upstream's own, of which some may be unknown. */
  isNative: boolean
}

export function readAs(api: Api, response: Response, reading: Reading): Promise<ClientRead> {
  return READERS[api](response, reading)
}

const READERS: Record<Api, (response: Response, reading: Reading) => Promise<ClientRead>> = {
  chat: async (response, { usage }) => ofChunks(await readStream(response, { usage })),
  completions: async (response, { usage }) =>
    ofChunks(
      await readText(response, usage ? { stream_options: { include_usage: true } } : {}, {
        isForeign: true,
      }),
    ),
  async messages(response, { isNative }) {
    const read = readMessages(await response.text(), isNative)
    const { outcome, text, raw, error } = read
    const call = read.blocks.find(({ type }) => type === 'tool_use')?.json
    return { outcome, text, call, raw, problems: read.problems, error: error?.type }
  },
  async responses(response, { isNative }) {
    const raw = await response.text()
    const read = readResponses(raw)
    const isEnd = read.outcome === 'completed' || read.outcome === 'incomplete'
    const outcome = isEnd ? 'finished' : read.outcome === 'failed' ? 'failed' : 'truncated'
    const problems = isNative ? endingProblems(raw) : read.problems
    const error = read.error?.code
    return {
      ...{
        outcome,
        raw,
        problems,
        text: isNative ? deltasOf(read.events) : read.text,
        call: read.calls[0]?.arguments,
      },
      error: error === undefined ? undefined : String(error),
    }
  },
}

function ofChunks(read: StreamRead): ClientRead {
  const deltas = read.chunks.flatMap(({ choices }) => choices ?? [])
  const calls = deltas.flatMap(
    ({ delta }) => (delta?.tool_calls ?? []) as { function?: { arguments?: string } }[],
  )
  const first = deltas.filter(({ index }) => index === 0)
  return {
    outcome: read.outcome,
    text: first.map((each) => each.delta?.content ?? each.text ?? '').join(''),
    call:
      calls.length > 0 ? calls.map((each) => each.function?.arguments ?? '').join('') : undefined,
    problems: read.problems,
    error: read.error && String(read.error.code),
    raw: read.raw,
  }
}

const LAST = /^event: response\.(completed|incomplete|failed)$/

/** What is wrong with how a forwarded stream of the Responses API ends. */
function endingProblems(raw: string): string[] {
  const names = raw.split('\n').filter((line) => line.startsWith('event: '))
  const ends = names.filter((line) => LAST.test(line)).length
  if (ends !== 1) return [`${ends} events that end it`]
  return LAST.test(names.at(-1) ?? '') ? [] : ['events behind its end']
}

/** The text as its events add to it, in whatever order they came. */
function deltasOf(events: { type: string; [field: string]: unknown }[]): string {
  const added = events.filter(({ type }) => type === 'response.output_text.delta')
  return added.map(({ delta }) => String(delta)).join('')
}
