/** The browser tabs that offer their GPUs, at the edge: one object for all, through which requests reach them. */
import { balancing } from '../../src/engines/pool/balancing.ts'
import { Conversations } from '../../src/engines/pool/conversations.ts'
import { PoolState } from '../../src/engines/pool/pool-state.ts'
import type { HandlerHost } from '../../src/options.ts'
import { allFamilies } from '../../src/routes/families.ts'
import { withErrorResponse } from '../../src/routes/internal-error.ts'
import type { Run } from '../../src/routes/runs/run.ts'
import { Runs } from '../../src/routes/runs/runs.ts'
import type { Key } from '../../src/settings/keys.ts'
import type { Settings } from '../../src/settings/settings.ts'
import { TabHub } from '../../src/tabs/hub.ts'
import { Pairings } from '../../src/tabs/pairings.ts'
import { Telemetry } from '../../src/telemetry/telemetry.ts'
import { terminalLine } from '../../src/util/safe/terminal.ts'
import { handlerFor, handlerOnce, isOwn, responseStore } from '../served.ts'
import type { Bindings, Served } from '../serving.ts'
import { forwardToRun, inObjects, runAskedFor } from './forward.ts'
import { CLOSE_PATH } from './forward-to-tabs.ts'
import { isNamespace, type ObjectState } from './platform.ts'
import { Tables } from './tables.ts'
import { type Names, unlessOfTab } from './unless-of-tab.ts'

/** Milliseconds between two looks whether a tab is busy. */
const LOOK = 50

const SCHEMA = ['CREATE TABLE paired (hash TEXT PRIMARY KEY, json TEXT)']

/** workerd tells only by a write that a client is gone: until then, requests would wait for a tab that cannot answer. */
const PING_IDLE_EVERY = 5_000

/**
 * Answers requests with a handler of its own, whose requests may reach each other: the stream that a tab reads and
 * the request that wants it meet here. The keys of paired tabs lie in its rows; all else, the pairings that are
 * open too, is lost with it, and tabs join anew.
 */
export class BrowserTabs {
  readonly #state: ObjectState
  readonly #env: Bindings
  readonly #tables: Tables
  readonly #paired = new Map<string, Key>()
  readonly #runs = new OwnRuns()
  /** Made for the first request, since the settings say how long tabs gather. */
  #tabs: TabHub | undefined
  #host: HandlerHost | undefined
  /** Of the settings in force, which change while the host stays. */
  #names: Names = { alias: {} }
  /** The handler of the worker that was made last, and this object's own with the same settings. */
  #worker: Served | undefined
  #own: Served | undefined

  constructor(state: ObjectState, env: Bindings) {
    this.#state = state
    this.#env = env
    this.#tables = new Tables(state, 'paired', SCHEMA)
    for (const { hash, json } of this.#tables.read('SELECT hash, json FROM paired')) {
      this.#paired.set(String(hash), JSON.parse(String(json)) as Key)
    }
  }

  fetch(request: Request): Promise<Response> {
    return withErrorResponse(async (asked) => {
      if (new URL(asked.url).pathname === CLOSE_PATH) return this.#close()
      const handler = this.#handler()
      const run = runAskedFor(asked)
      const isElsewhere = run !== undefined && !this.#runs.has(run)
      const answer = isElsewhere ? await forwardToRun(asked, this.#env, handler) : undefined
      return answer ?? handler.fetch(asked, this.#state)
    }, allFamilies)(request)
  }

  /** Ends all connections once no tab answers a request: the workerd stops. */
  async #close(): Promise<Response> {
    while (this.#tabs?.isBusy) await new Promise((resolve) => setTimeout(resolve, LOOK))
    this.#tabs?.close()
    return new Response(null, { status: 204 })
  }

  /** Another one where the settings have changed; tabs stay, if their keys do. */
  #handler(): Served {
    const worker = handlerOnce(this.#env)
    if (this.#own === undefined || worker !== this.#worker) {
      this.#own = handlerFor(this.#env, (settings) => this.#hostFor(settings))
      this.#worker = worker
    }
    return this.#own
  }

  #hostFor({ keys, tabGather, alias, model }: Settings): HandlerHost {
    this.#names = { alias, model }
    this.#tabs ??= new TabHub({
      gather: tabGather,
      pingIdleEvery: PING_IDLE_EVERY,
      tell: tellOfTab,
    })
    this.#host ??= this.#hostOf(this.#tabs)
    for (const { hash } of keys) this.#paired.delete(hash)
    this.#tabs.follow(() => [...keys, ...this.#paired.values()])
    return this.#host
  }

  /** What requests of this object share, kept when the settings are replaced. */
  #hostOf(tabs: TabHub): HandlerHost {
    const { STREAM_RUNS: streams } = this.#env
    return {
      isolateRequests: false,
      seen: new Map(),
      finishes: new Map(),
      pool: new PoolState(false, { balancing, conversations: new Conversations() }),
      telemetry: new Telemetry(),
      instance: crypto.randomUUID(),
      responses: { store: responseStore(this.#env), runs: this.#runs },
      tabs,
      pairings: new Pairings(),
      paired: this.#paired,
      saveKey: async (key) => this.#save(key),
      dropKey: async ({ hash }) =>
        void this.#tables.write('DELETE FROM paired WHERE hash = ?', hash),
      ...(isNamespace(streams) && {
        elsewhere: unlessOfTab(tabs, inObjects(streams), () => this.#names),
      }),
    }
  }

  /** On a workerd of one's own, its rows go with it unless it keeps its state. */
  #save(key: Key): boolean {
    this.#tables.write('INSERT OR REPLACE INTO paired VALUES (?, ?)', key.hash, JSON.stringify(key))
    return !isOwn(this.#env) || isNamespace(this.#env.KEY_LIMITS)
  }
}

/** The most ids of runs that are remembered: those that have ended are kept for a while only. */
const MOST_IDS = 4_096

/** Runs of this object, which are told from those with an object of their own. */
class OwnRuns extends Runs {
  readonly #ids = new Set<string>()

  override begin(options: Parameters<Runs['begin']>[0]): Run {
    const [oldest] = this.#ids
    if (this.#ids.size >= MOST_IDS && oldest !== undefined) this.#ids.delete(oldest)
    this.#ids.add(options.key.id)
    return super.begin(options)
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }
}

function tellOfTab(text: string): void {
  console.error(`sluice: ${terminalLine(text)}`)
}
