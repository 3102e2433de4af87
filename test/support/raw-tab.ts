// A tab that says whatever a test has it say: the link's protocol, and no engine behind it.

import { EventScanner } from '../../src/wire/sse/sse.ts'

type Send = (input: string, init: RequestInit) => Promise<Response>

/** An event that the server sent. */
// biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect of it.
export type TabEvent = any

export interface RawTabOptions {
  /** The address of the server, without `/v1`. */
  url: string
  key?: string
  models?: unknown
  /** Further fields of what it says of itself, or other ones. */
  hello?: object
  send?: Send
  headers?: Record<string, string>
  /** Called with each event, once it has joined. */
  onEvent?: (event: TabEvent, tab: RawTab) => void
  /** Whether it reads its stream. */
  reads?: boolean
}

export class RawTab {
  readonly events: TabEvent[] = []
  id = ''
  name = ''
  isOver = false
  /** The last number that it got. */
  seq = 0
  /** How many messages it has sent. */
  sent = 0
  readonly response: Response
  readonly #options: RawTabOptions
  readonly #control: AbortController
  #last: Promise<unknown> = Promise.resolve()

  private constructor(options: RawTabOptions, response: Response, control: AbortController) {
    this.#options = options
    this.response = response
    this.#control = control
  }

  /** Joins; one that is refused has the refusal as its `response`. */
  static async join(options: RawTabOptions): Promise<RawTab> {
    const control = new AbortController()
    const { send = fetch, url } = options
    const response = await send(`${url}/v1/tabs`, {
      method: 'POST',
      headers: headersOf(options),
      body: JSON.stringify(hello(options)),
      signal: control.signal,
    })
    const tab = new RawTab(options, response, control)
    if (!response.ok || options.reads === false) return tab
    const joined = tab.#read()
    await joined
    return tab
  }

  /** Sends messages as they are, numbered where the test does not. */
  tell(messages: unknown[], fields: object = {}): Promise<Response> {
    const { send = fetch, url } = this.#options
    const seq = this.sent + 1
    this.sent += messages.length
    const body = JSON.stringify({ seq, ack: this.seq, messages, ...fields })
    const sending = this.#last.then(() =>
      send(`${url}/v1/tabs/${this.id}`, {
        method: 'POST',
        headers: headersOf(this.#options),
        body,
      }),
    )
    this.#last = sending.catch(() => {})
    return sending
  }

  /** Answers a request of the server. */
  reply(...messages: object[]): Promise<Response> {
    return this.tell(messages.map((message) => ({ kind: 'tell', message })))
  }

  /** It says that it leaves, as a page does that is closed. */
  async leave(): Promise<void> {
    if (this.id !== '' && !this.isOver) {
      const told = await this.tell([{ kind: 'leaving' }]).catch(() => undefined)
      await told?.body?.cancel()
    }
    this.die()
  }

  /** Its connection ends, and it says nothing. */
  die(): void {
    this.#control.abort()
  }

  /** Resolves with its `joined`. */
  #read(): Promise<void> {
    return new Promise((resolve) => {
      void this.#events(resolve)
        .catch(() => {})
        .finally(() => {
          this.isOver = true
          resolve()
        })
    })
  }

  async #events(onJoined: () => void): Promise<void> {
    const reader = this.response.body?.getReader()
    const scanner = new EventScanner()
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true }
      if (done || value === undefined) return
      scanner.push(value as Uint8Array<ArrayBuffer>)
      while (scanner.next()) {
        const { data } = scanner.fields()
        if (data !== undefined) this.#take(JSON.parse(data), onJoined)
      }
    }
  }

  #take(event: TabEvent, onJoined: () => void): void {
    this.events.push(event)
    if (event.seq !== undefined && event.kind === 'ask') this.seq = event.seq
    if (event.kind === 'joined') {
      this.id = event.tab
      this.name = event.name
      onJoined()
    }
    if (event.kind === 'ping') void this.tell([]).catch(() => {})
    this.#options.onEvent?.(event, this)
  }
}

function hello({ models, hello: more = {} }: RawTabOptions): object {
  const state = {
    models: models ?? [{ id: 'm', state: 'loaded' }],
    visible: true,
    paused: false,
  }
  return { v: 1, ...state, ...more }
}

function headersOf({ key, headers }: RawTabOptions): Record<string, string> {
  return {
    'content-type': 'application/json',
    ...(key && { authorization: `Bearer ${key}` }),
    ...headers,
  }
}

/** A chunk of an answer. */
export function chunk(delta: object, more: object = {}): object {
  return {
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: null, ...more }],
  }
}

/** Answers a request with these words, as a well-behaved tab does. */
export function answering(words: readonly string[]) {
  return ({ kind, message }: TabEvent, tab: RawTab): void => {
    if (kind !== 'ask' || message.kind !== 'chat') return
    const { id } = message
    const chunks = [
      ...words.map((content) => chunk({ content })),
      chunk({}, { finish_reason: 'stop' }),
    ]
    void tab.reply({ kind: 'begun', id }, { kind: 'chunks', id, chunks }, { kind: 'done', id })
  }
}
