import type { Relay } from '../support/relay.ts'
import type { Scenario } from './metrics-scenarios.ts'

/** How a client leaves. */
type Leaving =
  /** It reads to the end. */
  | 'never'
  /** It closes the connection when it has the last event. */
  | 'after the end'
  /** It closes it when it has so many tokens, or, with none, when the engine has its request. */
  | number

/** What a stream is to be, and what its client saw. */
export interface Fate {
  path: string
  scenario: Scenario | 'invalid'
  tokensSent: number
  leaving: Leaving
  outcome: 'finished' | 'failed' | 'cancelled' | 'refused' | 'ok' | undefined
  /** The code of a failure, as it is a label. */
  code: string | undefined
  /** Whether it began to be a stream, and whether a token came. */
  isStream: boolean
  hasTokens: boolean
  /** Those that the engine told the client. */
  tokens: { input: number; output: number }
}

export function countOf(fates: readonly Fate[], is: (fate: Fate) => boolean): number {
  return fates.filter(is).length
}

/** How often each comes, of a hundred. */
const SHARES: [Fate['scenario'], number][] = [
  ...([
    ['whole', 34],
    ['repaired', 8],
    ['uncounted', 6],
    ['silent', 18],
    ['mute', 4],
    ['cut', 8],
    ['error', 5],
    ['odd', 3],
  ] as [Scenario, number][]),
  ...([
    ['missing', 4],
    ['limited', 3],
    ['broken', 2],
    ['invalid', 4],
    ['unknown', 1],
  ] as [Fate['scenario'], number][]),
]

/** Numbers from 0 to 1, the same in each run. */
function randomOf(seed: number): () => number {
  let state = seed * 2_654_435_761 + 1
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e3779b9) >>> 0
    return state / 2 ** 32
  }
}

/** What becomes of the stream with this number. */
export function fateOf(index: number): Fate {
  const random = randomOf(index + 1)
  random()
  let rest = random() * 100
  const [scenario] = SHARES.find(([, share]) => {
    rest -= share
    return rest < 0
  }) ?? ['whole' as const]
  const path = pathOf(random())
  const tokensSent = 1 + Math.floor(random() * 6)
  const isTimeout = scenario === 'silent' && index % 60 === 0
  const leaving = isTimeout ? 'never' : leavingOf(scenario, tokensSent, random())
  return {
    ...{ path, scenario, tokensSent, leaving, outcome: undefined, code: undefined },
    ...{ isStream: false, hasTokens: false, tokens: { input: 0, output: 0 } },
  }
}

function pathOf(random: number): string {
  if (random < 0.7) return '/v1/chat/completions'
  return random < 0.85 ? '/v1/messages' : '/v1/responses'
}

function leavingOf(scenario: Fate['scenario'], tokens: number, random: number): Leaving {
  if (scenario === 'mute') return 0
  if (scenario === 'silent') return 1 + Math.floor(random * tokens)
  return scenario === 'whole' && random < 0.4 ? 'after the end' : 'never'
}

/** What shows in each API that a stream has ended well. */
const ENDS: Record<string, RegExp> = {
  '/v1/chat/completions': /data: \[DONE\]/,
  '/v1/messages': /"type":"message_stop"/,
  '/v1/responses': /"type":"response\.completed"/,
}

/** Plays one stream, and returns what its client saw of it. */
export async function playStream({ server, upstream }: Relay, fate: Fate): Promise<Fate> {
  const control = new AbortController()
  const id = crypto.randomUUID()
  const { path, leaving } = fate
  const asked = fetch(server.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(bodyOf(fate, id)),
    signal: control.signal,
  })
  if (leaving === 0) {
    asked.catch(() => {})
    await upstream.next(({ body }) => (JSON.stringify(body) ?? '').includes(id), 20_000)
    control.abort()
    // Its headers may have come before.
    const isStream = await asked.then(
      () => true,
      () => false,
    )
    return { ...fate, isStream: isStream || server.host === 'workerd', outcome: 'cancelled' }
  }
  const response = await asked
  if (!response.ok) return refusedFate(fate, response)
  const text = await readUntil(response, control, fate)
  const hasTokens = text.includes('"tok"')
  const isStream = true
  if (typeof leaving === 'number') return { ...fate, isStream, hasTokens, outcome: 'cancelled' }
  if (ENDS[path]?.test(text))
    return { ...fate, isStream, hasTokens, outcome: 'finished', tokens: tokensIn(text) }
  return { ...fate, isStream, hasTokens, outcome: 'failed', code: codeIn(text) }
}

function bodyOf({ path, scenario, tokensSent }: Fate, id: string): object {
  const text = `scenario ${scenario} ${tokensSent} ${id}`
  const model = scenario === 'unknown' ? `none-${id}` : 'm'
  if (scenario === 'invalid') return { model, stream: true, messages: 7, input: [7] }
  if (path === '/v1/responses') return { model, stream: true, input: text, store: false }
  const messages = [{ role: 'user', content: text }]
  const usage = path === '/v1/messages' ? { max_tokens: 50 } : USAGE
  return { model, stream: true, messages, ...usage }
}

const USAGE = { stream_options: { include_usage: true } }

async function refusedFate(fate: Fate, response: Response): Promise<Fate> {
  const outcome = response.status < 500 ? 'refused' : 'failed'
  return { ...fate, outcome, code: codeIn(await response.text()) }
}

/** What came until the client left or the stream ended. */
async function readUntil(
  response: Response,
  control: AbortController,
  { path, leaving }: Fate,
): Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    text += part.value
    const count = text.split('"tok"').length - 1
    const leaves =
      typeof leaving === 'number' ? count >= leaving : leaving !== 'never' && ENDS[path]?.test(text)
    if (!leaves) continue
    control.abort()
    await reader?.cancel().catch(() => {})
    break
  }
  return text
}

/** As a label: those of the server’s own are `other`, and an error without one has `none`. */
function codeIn(text: string): string {
  const [, code] = /"(?:error_)?code":"(\w+)"/.exec(text) ?? []
  // The Responses API has this where an error has no code.
  if (code === undefined || code === 'server_error') return 'none'
  return code.startsWith('gpu_') ? 'other' : code
}

/** The last counts in the text, which each API names otherwise. */
function tokensIn(text: string): Fate['tokens'] {
  const last = (pattern: RegExp) => Number([...text.matchAll(pattern)].at(-1)?.[1] ?? 0)
  return {
    input: last(/"(?:prompt|input)_tokens":(\d+)/g),
    output: last(/"(?:completion|output)_tokens":(\d+)/g),
  }
}
