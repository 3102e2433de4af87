/** What the states of engines mean, in words, and what to do about them. */
import type { EngineActivity } from '../../src/wire/activity/schema.ts'

/** How good or bad something is, which also gives its shape and colour. */
export type Tone = 'good' | 'warn' | 'bad' | 'unknown'

export interface Explanation {
  what: string
  /** What to do about it. */
  remedy?: string
  /** A command that may help. */
  command?: string
}

type State = EngineActivity['state']

const STATES: Record<State, { word: string; tone: Tone }> = {
  up: { word: 'Up', tone: 'good' },
  down: { word: 'Down', tone: 'bad' },
  open: { word: 'Breaker open', tone: 'bad' },
  'half-open': { word: 'Breaker half-open', tone: 'warn' },
  unknown: { word: 'Not asked yet', tone: 'unknown' },
}

/** The names of the kinds of servers, as their makers write them. */
const KINDS: Record<string, string> = {
  koboldcpp: 'KoboldCpp',
  'llama-server': 'llama-server',
  'llama-swap': 'llama-swap',
  'lm-studio': 'LM Studio',
  ollama: 'Ollama',
  sglang: 'SGLang',
  sluice: 'another sluice',
  tabbyapi: 'TabbyAPI',
  vllm: 'vLLM',
}

/** What starts a server, where one line does. */
const START: Record<string, string> = {
  'llama-server': 'llama-server -m MODEL.gguf',
  'llama-swap': 'llama-swap --config config.yaml',
  'lm-studio': 'lms server start',
  ollama: 'ollama serve',
  vllm: 'vllm serve MODEL',
}

/** A state that a newer server may name is shown as it is. */
export function stateWord(state: State): string {
  return STATES[state]?.word ?? state
}

export function stateTone(state: State): Tone {
  return STATES[state]?.tone ?? 'unknown'
}

export function kindName(kind: string | undefined): string {
  if (kind === undefined) return ''
  return own(KINDS, kind) ?? kind
}

/** Whether it is the engine with a fixed answer that every sluice has. */
export function isBuiltIn({ label, models }: EngineActivity): boolean {
  return label === 'static' && models.every((model) => model === 'static')
}

/** Why an engine is not simply up; undefined where it is. */
export function explain(engine: EngineActivity): Explanation | undefined {
  const { state, error } = engine
  if (state === 'down') return explainDown(engine)
  if (state === 'open') {
    return {
      what: 'Requests to it failed several times in a row, or half of at least 20 did, so sluice sends it none for 5 to 60 seconds. Then one request is sent to try it, and the breaker closes if that is answered.',
      remedy: error ?? 'The requests that failed have its errors; its own log may have the reason.',
    }
  }
  if (state === 'half-open') {
    return {
      what: 'The breaker was open. The next request is sent to try it: if that is answered, the breaker closes, otherwise it stays open for longer. If only the requests of one key failed, those of other keys are sent as usual.',
      ...(error !== undefined && { remedy: error }),
    }
  }
  if (state === 'unknown') {
    return { what: 'Its models have not been listed yet: this happens with the first request.' }
  }
  return undefined
}

function explainDown({ kind, label, error }: EngineActivity): Explanation {
  const command = own(START, kind ?? label)
  return {
    what: 'Its models could not be listed, so requests go to other engines with the same model where there are any. It is asked again every few seconds, and is used as soon as it answers.',
    remedy: error ?? 'Check that it is running and that its address is right.',
    ...(command !== undefined && { command }),
  }
}

/** Names come from outside: `constructor` is no key of a table. */
function own(table: Record<string, string>, name: string): string | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}
