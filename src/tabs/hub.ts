/** The tabs that offer their GPUs to this server. */
import type { Engine, EngineCaller } from '../engines/engine.ts'
import type { CatalogEntry } from '../engines/registry/catalog.ts'
import { visibleModels } from '../engines/registry/visible-models.ts'
import type { BodyWriter } from '../platform/body-writer.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import { type Batch, type Hello, PING_EVERY, type Taken } from './protocol.ts'
import { Tab } from './tab.ts'
import { modelsOf, tabEngine } from './tab-engine.ts'
import type { Departure, TabObserver } from './tab-observer.ts'

/** The most tabs at once, and of one key. */
const MOST_TABS = 256
const MOST_OF_KEY = 16

/** Milliseconds between two looks at all tabs. */
const LOOK_EVERY = 1_000

/** Whoever offers a tab. */
export interface Offering {
  /** The name of its key; empty where there are no keys. */
  key: string
  /** The name of the key whose requests it answers; undefined for those of admins. */
  owner?: string | undefined
  /** Whether it answers everybody's requests. */
  isShared?: boolean | undefined
  /** The hash of its key. */
  hash?: string | undefined
}

/** What the settings say of the key of a tab. */
export interface OfferingKey {
  name: string
  hash: string
  offers?: boolean | undefined
  owner?: string | undefined
  shared?: boolean | undefined
  disabled?: boolean | undefined
  /** Unix time in milliseconds. */
  expires?: number | undefined
}

interface Entry {
  tab: Tab
  engine: Engine
  by: Offering
}

export interface HubOptions {
  /** Milliseconds for which tabs gather messages before they send them. */
  gather?: number
  /** Milliseconds between two pings of a tab that answers nothing. */
  pingIdleEvery?: number
  /** Called with what people should know: that a tab has joined or left. */
  tell?: ((text: string) => void) | undefined
}

export class TabHub {
  readonly #tabs = new Map<string, Entry>()
  readonly #gather: number
  readonly #pingEvery: typeof PING_EVERY
  readonly #tell: (text: string) => void
  #keys: (() => Iterable<OfferingKey>) | undefined
  #timer: ReturnType<typeof setInterval> | undefined
  #entries: CatalogEntry[] | undefined
  #observer: TabObserver | undefined

  constructor({ gather = 0, pingIdleEvery, tell = () => {} }: HubOptions = {}) {
    this.#gather = gather
    this.#pingEvery = { ...PING_EVERY, ...(pingIdleEvery && { idle: pingIdleEvery }) }
    this.#tell = tell
  }

  /** The engines of all tabs, for the catalog. */
  get entries(): readonly CatalogEntry[] {
    this.#entries ??= [...this.#tabs.values()].map(({ tab, engine }) => ({
      engine,
      models: visibleModels(engine, modelsOf(tab)),
      isVisiting: true,
    }))
    return this.#entries
  }

  get tabs(): Tab[] {
    return [...this.#tabs.values()].map(({ tab }) => tab)
  }

  /**
   * A tab joins, or comes back, and reads from this body. Throws an `ApiError`: 410 where it cannot come
   * back, 429 where there are too many.
   */
  join(hello: Hello, by: Offering, body: BodyWriter): Tab {
    const { v: _, resume, replaces, ...state } = hello
    const former = this.#tabs.get(replaces ?? '')?.tab
    if (former?.key === by.key) former.end('it joined anew', 'replaced')
    if (resume !== undefined) {
      const tab = this.find(resume.tab, by.key)
      tab.attach(body, resume.seq)
      tab.change(state)
      this.#observer?.onResumed()
      return tab
    }
    this.#requireRoom(by.key)
    const id = `tab_${crypto.randomUUID().replaceAll('-', '')}`
    const tab = new Tab({
      ...{ id, name: this.#freeName(by.key || 'browser'), key: by.key, state },
      ...{ gather: this.#gather, pingEvery: this.#pingEvery },
      onState: () => this.#changed(),
      onGone: (why, as) => this.#remove(id, why, as),
    })
    this.#tabs.set(id, { tab, by, engine: tabEngine(tab, (caller) => answers(by, caller)) })
    this.#changed()
    this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY)
    tab.attach(body)
    this.#observer?.onJoined()
    this.#tell(`${tab.name} joined: ${shownModels(tab)}`)
    return tab
  }

  /** Takes what a tab has sent. Throws an `ApiError` (400, 409, 410). */
  receive(id: string, key: string, batch: Batch, bytes: number): Taken {
    return this.find(id, key).receive(batch, bytes)
  }

  /** Throws an `ApiError` (410) where the key has no such tab. */
  find(id: string, key: string): Tab {
    const tab = this.#tabs.get(id)?.tab
    if (tab === undefined || tab.key !== key) throw unknownTab()
    return tab
  }

  /** Whether a request runs in any. */
  get isBusy(): boolean {
    return this.tabs.some(({ running }) => running > 0)
  }

  /** Ends all connections, as the server stops; tabs try again until it is back. */
  close(): void {
    for (const tab of this.tabs) tab.end('the server stops', 'shutdown')
  }

  /** From now on this is told of tabs that come and go. */
  observe(observer: TabObserver): void {
    this.#observer = observer
  }

  /** From now on these are the keys: tabs whose key may no longer offer leave, now or when that changes. */
  follow(keys: () => Iterable<OfferingKey>): void {
    this.#keys = keys
    this.#requireKeys()
  }

  #requireKeys(): void {
    if (this.#keys === undefined || this.#tabs.size === 0) return
    const keys = new Map([...this.#keys()].map((key) => [key.name, key]))
    for (const { tab, by } of [...this.#tabs.values()]) {
      if (by.key === '') continue
      const key = keys.get(by.key)
      const why = whyOver(key, by)
      if (why !== undefined) tab.dismiss(why)
      else Object.assign(by, { owner: key?.owner, isShared: key?.shared })
    }
  }

  #requireRoom(key: string): void {
    const own = this.tabs.filter((tab) => tab.key === key).length
    if (this.#tabs.size < MOST_TABS && own < MOST_OF_KEY) return
    const most = own < MOST_OF_KEY ? MOST_TABS : MOST_OF_KEY
    const message = `tabs: expected at most ${most} tabs ${own < MOST_OF_KEY ? 'at this server' : 'of one key'}, and so many are there; close one.`
    throw new ApiError(429, message, { code: 'too_many_tabs', headers: { 'retry-after': '10' } })
  }

  /** `phone`, or `phone-2` where there is one. */
  #freeName(name: string): string {
    const taken = new Set(this.tabs.map((tab) => tab.name))
    for (let number = 1; ; number++) {
      const free = number === 1 ? name : `${name}-${number}`
      if (!taken.has(free)) return free
    }
  }

  #look(): void {
    const now = performance.now()
    for (const tab of this.tabs) tab.tick(now)
    this.#requireKeys()
  }

  #remove(id: string, why: string, as: Departure): void {
    const name = this.#tabs.get(id)?.tab.name
    this.#tabs.delete(id)
    this.#changed()
    this.#observer?.onLeft(as)
    this.#tell(`${name} left: ${why}`)
    if (this.#tabs.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #changed(): void {
    this.#entries = undefined
  }
}

/** Why a key may offer no longer; undefined where it may. */
function whyOver(key: OfferingKey | undefined, { hash }: Offering): string | undefined {
  if (key?.offers !== true) return 'its key was removed from the settings'
  if (hash !== undefined && key.hash !== hash) return 'its key was replaced by another one'
  if (key.disabled) return 'its key is disabled'
  if (key.expires !== undefined && Date.now() >= key.expires) return 'its key has expired'
  return undefined
}

/** The first of its models, and how many there are besides. */
function shownModels({ state }: Tab): string {
  const [first, ...others] = state.models.map(({ id }) => id)
  if (first === undefined) return 'no models'
  return others.length > 0 ? `${first} and ${others.length} more` : first
}

/** By default it answers its owner's requests alone. */
function answers({ key, owner, isShared }: Offering, caller: EngineCaller): boolean {
  if (caller.tabs === false) return false
  if (isShared || key === '') return true
  return owner === undefined ? caller.isAdmin : caller.name === owner
}

function unknownTab(): ApiError {
  const message =
    'tab: expected the id of a tab that this key offers and that is connected, got another; join anew with POST /v1/tabs.'
  return new ApiError(410, message, { code: 'tab_gone', param: 'tab' })
}
