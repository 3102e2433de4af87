/** Asks a server a few small questions and judges the answers. */
import type { Fetch } from '../host.ts'
import { type RecordOptions, record } from '../recording/record.ts'
import type { Recording } from '../recording/recording.ts'
import { Findings } from './findings.ts'
import { judgeStream } from './judge-stream.ts'
import { judgeCancel, judgeCors, judgeRefusal, judgeWhole } from './judges/answers.ts'
import type { Finding, Section } from './rule.ts'
import { type RuleName, rules } from './rules.ts'
import { wireOf } from './wire.ts'

export interface CheckOptions {
  fetch: Fetch
  /** Where a chat is asked: `http://127.0.0.1:8787/v1/chat/completions`. */
  url: string
  headers: Record<string, string>
  model: string | undefined
  /** What asks: `sluice 0.1.0 on bun 1.4.5`. */
  by: string
  secrets: readonly string[]
  signal: AbortSignal
  /** Told of each question before it is asked. */
  onQuestion?: (title: string) => void
}

/** One question, its answer, and what it breaks. */
export interface Asked {
  name: string
  title: string
  recording: Recording
  findings: Finding<RuleName>[]
}

export interface Report {
  url: string
  model: string | undefined
  asked: Asked[]
  /** Why nothing could be judged. */
  untested?: string
  /** How many rules of each section were looked at, and how many of them were broken. */
  scores: { section: Section; rules: number; broken: number }[]
}

const PROMPT = 'Count from one to twenty in words.'

/** Long enough to be left in the middle. */
const LONG = 'Count from one to one thousand in words.'

/** Milliseconds an answer that is left is listened to before. */
const LISTENED = 300

/** The longest an answer is waited for. */
const LONGEST = 5 * 60_000

/** Rejects only with why the signal aborted. */
export async function check(options: CheckOptions): Promise<Report> {
  const asked: Asked[] = []
  const questions = questionsTo(options)

  async function ask(name: keyof typeof questions): Promise<Recording> {
    options.signal.throwIfAborted()
    const { title, ask } = questions[name]
    options.onQuestion?.(title)
    const recording = await ask()
    options.signal.throwIfAborted()
    asked.push({ name, title, recording, findings: [] })
    return recording
  }

  function found(name: string, findings: Finding<RuleName>[]): void {
    asked.find((each) => each.name === name)?.findings.push(...findings)
  }

  const stream = await ask('stream')
  const untested = whyUntested(stream)
  if (untested !== undefined) return reportOf(options, asked, untested)
  found('stream', judgeStream(stream))
  found('plain', judgeStream(await ask('plain')))
  found('whole', judged(await ask('whole'), judgeWhole))
  for (const [name, rule, statuses] of REFUSALS) {
    const judge = (answer: Recording, findings: Findings) =>
      judgeRefusal(answer, findings, rule, statuses)
    found(name, judged(await ask(name), judge))
  }
  const preflight = await ask('preflight')
  const judge = (answer: Recording, findings: Findings) => judgeCors(preflight, answer, findings)
  found('foreign', judged(await ask('foreign'), judge))
  await ask('left')
  const next = await ask('next')
  found(
    'next',
    judged(next, (answer, findings) => judgeCancel(stream, answer, findings)),
  )
  return reportOf(options, asked)
}

const REFUSALS = [
  ['model', 'error-model', [400, 404]],
  ['json', 'error-json', [400]],
  ['field', 'error-field', [400, 422]],
] as const

function judged(
  recording: Recording,
  judge: (recording: Recording, findings: Findings) => void,
): Finding<RuleName>[] {
  const findings = new Findings(wireOf(recording))
  judge(recording, findings)
  return findings.all
}

interface Question {
  title: string
  ask(): Promise<Recording>
}

function questionsTo(options: CheckOptions) {
  const { fetch, url, by, secrets, signal, model } = options
  const chat = { ...(model !== undefined && { model }), max_tokens: 200 }
  const messages = [{ role: 'user', content: PROMPT }]
  const streamed = { ...chat, stream: true, messages }

  function asks(body: object | string | undefined, more: Partial<RecordOptions> = {}) {
    const text = typeof body === 'object' ? JSON.stringify(body) : body
    return () => {
      const patience = AbortSignal.any([signal, AbortSignal.timeout(LONGEST)])
      return record({
        ...{ fetch, url, by, secrets, signal: patience },
        ...(text !== undefined && { body: text }),
        ...more,
        headers: { 'content-type': 'application/json', ...options.headers, ...more.headers },
      })
    }
  }

  const origin = { origin: 'https://page.example' }
  const preflight = {
    ...origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type',
  }
  const long = { ...streamed, max_tokens: 4_000, messages: [{ role: 'user', content: LONG }] }
  return {
    stream: {
      title: 'a stream with usage',
      ask: asks({ ...streamed, stream_options: { include_usage: true } }),
    },
    plain: { title: 'a stream without usage', ask: asks(streamed) },
    whole: { title: 'a whole answer', ask: asks({ ...chat, messages }) },
    model: { title: 'an unknown model', ask: asks({ ...streamed, model: 'no-such-model-here' }) },
    json: { title: 'a body that is no JSON', ask: asks('{"model": ') },
    field: { title: 'a field of the wrong type', ask: asks({ ...streamed, messages: 'hello' }) },
    preflight: {
      title: 'a browser’s preflight',
      ask: asks(undefined, { method: 'OPTIONS', headers: preflight }),
    },
    foreign: {
      title: 'a page’s request',
      ask: asks({ ...streamed, messages: 'hello' }, { headers: origin }),
    },
    left: { title: 'an answer that is left', ask: () => leave(asks, long, signal) },
    next: { title: 'the answer behind it', ask: asks(streamed) },
  } satisfies Record<string, Question>
}

/** Listens for a moment once the answer has begun, and hangs up. */
function leave(
  asks: (body: object, more: Partial<RecordOptions>) => () => Promise<Recording>,
  body: object,
  signal: AbortSignal,
): Promise<Recording> {
  const control = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const both = AbortSignal.any([signal, control.signal, AbortSignal.timeout(LONGEST)])
  const onPacket = () => {
    timer ??= setTimeout(() => control.abort(), LISTENED)
  }
  return asks(body, { signal: both, onPacket })().finally(() => clearTimeout(timer))
}

function whyUntested({ response, end, packets }: Recording): string | undefined {
  if (response === undefined) return end.why ?? 'nobody answered'
  if (response.status === 200) return undefined
  const text = new TextDecoder().decode(packets[0]?.bytes).slice(0, 200)
  return `it answered ${response.status}: ${text}`
}

function reportOf({ url, model }: CheckOptions, asked: Asked[], untested?: string): Report {
  const broken = new Set(asked.flatMap(({ findings }) => findings.map(({ rule }) => rule)))
  const sections = [...new Set(Object.values(rules).map(({ section }) => section))]
  const scores = sections.map((section) => {
    const names = Object.entries(rules).filter(([, rule]) => rule.section === section)
    const wrong = names.filter(([name]) => broken.has(name as RuleName))
    return { section, rules: names.length, broken: wrong.length }
  })
  return {
    url,
    model,
    asked,
    ...(untested !== undefined && { untested }),
    scores: untested === undefined ? scores : [],
  }
}
