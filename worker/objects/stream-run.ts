/** A stream that can be resumed, at the edge: one object for each, which asks the engine itself. */
import type { Handler } from '../../src/handler.ts'
import { allFamilies } from '../../src/routes/families.ts'
import { withErrorResponse } from '../../src/routes/internal-error.ts'
import type { Run } from '../../src/routes/runs/run.ts'
import { Runs } from '../../src/routes/runs/runs.ts'
import { handlerOnce, responseStore } from '../served.ts'
import type { Bindings, Served } from '../serving.ts'
import { RUN_HEADER } from './forward.ts'
import type { ObjectState } from './platform.ts'
import { SqlRunLog } from './sql-run-log.ts'

/** The runs of all objects in this instance of the worker: `maxBackground` is for one. */
const running = new Set<Run>()

/**
 * Each batch is a row, which costs more than the time of the object meanwhile. The first events wait for
 * none: on Cloudflare nothing is sent to a client before an earlier write is confirmed.
 */
const BATCHES = { ms: 500, length: 65_536, least: 250, isFirstAtOnce: false }

/**
 * Answers the request that begins the stream with the handler of the worker, under its own lifetime: it goes
 * on when its client leaves, for as long as the engine needs. All later requests for this stream come to this
 * object too, so what is written lies in its memory; the rows are for the time after the object.
 */
export class StreamRun {
  readonly #state: ObjectState
  readonly #env: Bindings
  readonly #log: SqlRunLog
  #runs: Runs | undefined
  /** The handler that was made last, and this object's part of it. */
  #served: Served | undefined
  #own: Pick<Handler, 'fetch'> | undefined

  constructor(state: ObjectState, env: Bindings) {
    this.#state = state
    this.#env = env
    this.#log = new SqlRunLog(state)
  }

  fetch(request: Request): Promise<Response> {
    const id = request.headers.get(RUN_HEADER) ?? ''
    return withErrorResponse(
      (asked) => this.#handler(id).fetch(asked, this.#state),
      allFamilies,
    )(request)
  }

  /** Deletes what is kept long enough, and ends a run whose producer was lost with an earlier object. */
  async alarm(): Promise<void> {
    const isLost = await this.#log.wake()
    const key = this.#log.current?.key
    if (!isLost || key === undefined) return
    const part = await this.#log.read(key, 0, true)
    if (part) await this.#runsOf(key.id).bury(key, part, responseStore(this.#env))
  }

  /** Another one where the settings have changed. */
  #handler(id: string): Pick<Handler, 'fetch'> {
    const served = handlerOnce(this.#env)
    if (this.#own === undefined || served !== this.#served) {
      const responses = { store: responseStore(this.#env), runs: this.#runsOf(id) }
      this.#own = served.within({ responses, isolates: false })
      this.#served = served
    }
    return this.#own
  }

  #runsOf(id: string): Runs {
    this.#runs ??= new Runs(this.#log, { id, batches: BATCHES, places: running })
    return this.#runs
  }
}

/** Milliseconds between two looks whether a stream still runs: no object may wake another one's request. */
const LOOK = 100

/** A body that begins at once, and ends when no stream runs in an object of this instance of the worker. */
export function untilIdle(): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(new TextEncoder().encode('\n'))
      while (running.size > 0) await new Promise((resolve) => setTimeout(resolve, LOOK))
      controller.close()
    },
  })
}
