/** `sluice top` on a terminal: the feed, the keys and the screen together. */
import { DetailScreen } from './detail-screen.ts'
import { EnginesScreen } from './engines-screen.ts'
import type { FeedClient } from './feed.ts'
import { helpFrame } from './help-view.ts'
import { ListScreen } from './list-screen.ts'
import type { Selection } from './order.ts'
import type { Painter } from './paint.ts'
import type { Screen } from './screen.ts'
import { ActivityStore, isEnded } from './store.ts'
import { shown } from './text.ts'
import type { View } from './view.ts'

export interface AppOptions {
  client: FeedClient
  screen: Screen
  paint: Painter
  selection: Selection
  signal: AbortSignal
  /** Ends the program. */
  quit(): void
  /** Gives the terminal back to the shell until the user comes back. Returns why it cannot. */
  suspend(): string | undefined
}

/** Milliseconds between drawings: what comes waits for the next one. */
const DRAW_EVERY = 250
/** Milliseconds between drawings for keys that are held down. */
const KEY_DRAW = 30
/** Milliseconds for which a message stays. */
const MESSAGE_FOR = 6_000

export class TopApp {
  readonly #options: AppOptions
  readonly #store = new ActivityStore()
  readonly #list: ListScreen
  #view: View
  #isHelp = false
  /** The request that is to be stopped, if the answer is yes. */
  #toStop: string | undefined
  #message = { text: '', until: 0 }
  #drawnAt = 0
  #dueAt = Number.POSITIVE_INFINITY
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(options: AppOptions) {
    const { client, selection, paint } = options
    this.#options = options
    this.#list = new ListScreen(client.name, this.#store, selection, paint)
    this.#view = this.#list
  }

  /** Resolves when the signal aborts; rejects with a `FeedError` where there is nothing to show. */
  async run(): Promise<void> {
    const { client, signal } = this.#options
    // Ages go on, and messages end, without anything from the server.
    const ticker = setInterval(() => this.#drawSoon(DRAW_EVERY), 1_000)
    this.draw()
    try {
      await client.follow(
        {
          onSnapshot: (list) => this.#onSnapshot(this.#store.takeSnapshot(list, performance.now())),
          onChanges: (changes) => {
            this.#store.takeChanges(changes, performance.now())
            this.#drawSoon(DRAW_EVERY)
          },
          onLost: (reason, againIn) => {
            this.#list.connection = 'CONNECTION LOST, trying again'
            this.#say(`${shown(reason)}; trying again in ${againIn / 1_000} s.`)
          },
        },
        signal,
      )
    } finally {
      clearInterval(ticker)
      clearTimeout(this.#timer)
      this.#view.close()
    }
  }

  #onSnapshot(isOther: boolean): void {
    const wasLost = this.#list.connection !== ''
    this.#list.connection = ''
    if (wasLost) this.#say(`Connected again${isOther ? '; the server was restarted' : ''}.`)
    else this.#drawSoon(KEY_DRAW)
  }

  /** Handles a key, by its name. */
  press(key: string): void {
    if (key === 'ctrl-c') this.#options.quit()
    else if (key === 'ctrl-z') this.#suspend()
    else {
      this.#message.text = ''
      this.#handle(key)
      this.#drawSoon(KEY_DRAW)
    }
  }

  #handle(key: string): void {
    const { screen, quit } = this.#options
    const view = this.#view
    if (this.#isHelp) this.#isHelp = false
    else if (this.#toStop !== undefined) this.#answerStop(key, this.#toStop)
    else if (view.isTyping) view.press(key, screen.size)
    else if (key === 'q') quit()
    else if (key === '?') this.#isHelp = true
    else if (key === 's') this.#askStop(view.target)
    else if (view !== this.#list && BACK.includes(key)) this.#show(this.#list)
    else if (view === this.#list && key === 'return') this.#open(view.target)
    else if (view === this.#list && key === 'e') {
      this.#show(new EnginesScreen(this.#store, this.#options.paint))
    } else view.press(key, screen.size)
  }

  #show(view: View): void {
    this.#view.close()
    this.#view = view
  }

  #open(id: string | undefined): void {
    if (id === undefined) return
    const { client, signal, paint } = this.#options
    const detail = new DetailScreen(id, this.#store, paint)
    this.#show(detail)
    void detail.follow(client, signal, () => this.#drawSoon(DRAW_EVERY))
  }

  #askStop(id: string | undefined): void {
    const row = id === undefined ? undefined : this.#store.find(id)
    if (row === undefined) this.#say('No request is selected.')
    else if (isEnded(row)) this.#say('It has ended already.')
    else {
      this.#toStop = row.activity.id
      const { model, key } = row.activity
      const whose = [model, key && `of ${key}`].filter(Boolean).map(shown).join(' ')
      this.#say(`Stop ${whose === '' ? 'this request' : `the request to ${whose}`}? y/n`, 1e9)
    }
  }

  #answerStop(key: string, id: string): void {
    this.#toStop = undefined
    if (key !== 'y' && key !== 'Y') {
      this.#say('It was not stopped.')
      return
    }
    const { client, signal } = this.#options
    this.#say('Stopping it …')
    client.cancel(id, signal).then(
      () => this.#say('It was stopped.'),
      (error: Error) => this.#say(shown(error.message)),
    )
  }

  #suspend(): void {
    const problem = this.#options.suspend()
    if (problem !== undefined) this.#say(problem)
  }

  #say(text: string, ms = MESSAGE_FOR): void {
    this.#message = { text, until: performance.now() + ms }
    this.#drawSoon(KEY_DRAW)
  }

  /** Draws, unless the terminal has not taken the last drawing yet. */
  draw(): void {
    clearTimeout(this.#timer)
    this.#dueAt = Number.POSITIVE_INFINITY
    this.#drawnAt = performance.now()
    const { screen, paint } = this.#options
    if (screen.isBusy) {
      this.#drawSoon(DRAW_EVERY)
      return
    }
    const { text, until } = this.#message
    const message = until > this.#drawnAt ? text : ''
    const { size } = screen
    screen.draw(
      this.#isHelp ? helpFrame(size, paint) : this.#view.frame(size, message, this.#drawnAt),
    )
  }

  /** Draws when so many milliseconds have passed since the last drawing, or earlier if that is due. */
  #drawSoon(every: number): void {
    const now = performance.now()
    const at = Math.max(now, this.#drawnAt + every)
    if (at >= this.#dueAt) return
    this.#dueAt = at
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.draw(), at - now)
  }
}

/** Keys that lead back to the table. */
const BACK = ['escape', 'backspace', 'left', 'h', 'e']
