import { Judge } from './responses-judge.ts'
import { checkResponse, type Fields } from './responses-shapes.ts'

// Judges streams of the Responses API by its public description alone: OpenAPI 2.3.0, and the types
// of the openai package. It knows nothing of src.
export interface ResponsesEvent {
  type: string
  sequence_number: number
  [field: string]: unknown
}

/** What a client that reads the events puts together. */
export interface ResponsesRead {
  events: ResponsesEvent[]
  /** What was wrong: with framing, fields, numbers or order. */
  problems: string[]
  /** How the stream ended; `truncated` where no event says so. */
  outcome: 'completed' | 'incomplete' | 'failed' | 'truncated'
  /** The last response that an event told. */
  response: Fields | undefined
  text: string
  reasoning: string
  refusal: string
  calls: { call_id: string; name: string; arguments: string }[]
  logprobs: unknown[]
  usage: Fields | null | undefined
  error: Fields | null | undefined
}

/** Reads a stream's whole text; `first` is the number that its first event has to have. */
export function readResponses(text: string, first = 0): ResponsesRead {
  const { events, problems } = parse(text)
  const judge = new Judge(problems, first)
  for (const event of events) judge.take(event)
  return { events, ...judge.read() }
}

/** Reads the stream of a response to its end. */
export async function readResponsesStream(response: Response, first = 0): Promise<ResponsesRead> {
  return readResponses(await response.text(), first)
}

/** Asks an API root (`…/v1`) for a response; a stream unless the body says otherwise. */
export function postResponses(
  root: string,
  body: object,
  init: RequestInit = {},
): Promise<Response> {
  return fetch(`${root}/responses`, {
    method: 'POST',
    ...init,
    headers: { 'content-type': 'application/json', ...init.headers },
    body: JSON.stringify({ model: 'm', input: 'Go.', stream: true, ...body }),
  })
}

/** What is wrong with a response that came whole. */
export function lintResponse(value: unknown): string[] {
  const problems: string[] = []
  checkResponse(value, 'the response', problems)
  return problems
}

/** The one form that is written: `event: TYPE`, LF, `data: JSON`, LF, LF. */
function parse(text: string): { events: ResponsesEvent[]; problems: string[] } {
  const problems: string[] = []
  const events: ResponsesEvent[] = []
  const frames = text.split('\n\n')
  if (frames.pop() !== '') problems.push('it does not end behind a whole event')
  for (const frame of frames) {
    // Progress is a comment before an event that repeats the state, and before nothing else.
    const plain = frame.replace(/^: [^\n]+\n(?=event: response.(in_progress|queued)\n)/, '')
    const [, name, data] = /^event: ([\w.]+)\ndata: ([^\n]+)$/.exec(plain) ?? []
    if (name === undefined || data === undefined) {
      problems.push(`a frame of another form: ${JSON.stringify(frame.slice(0, 80))}`)
      continue
    }
    const event = JSON.parse(data) as ResponsesEvent
    if (event.type !== name) problems.push(`an event ${name} that calls itself ${event.type}`)
    events.push(event)
  }
  return { events, problems }
}
