import type { RunChange } from '../run-log.ts'
import type { RedisPort } from './port.ts'
import type { RunNames } from './run-names.ts'

type Watcher = (change: RunChange) => void

/** The messages that mean more than new events or an end, as the scripts send them. */
const STOPPED = new Set(['stop', 'deleted'])

/**
 * Who waits for changes of which run. A producer appends many times a second, and would be told of each by the
 * server: of a run that is produced here, only what others change is subscribed to.
 */
export class RunWatchers {
  readonly #port: Pick<RedisPort, 'subscribe'>
  /** The runs that are produced here, and who watches each of them. */
  readonly #own = new Map<string, Set<Watcher>>()

  constructor(port: Pick<RedisPort, 'subscribe'>) {
    this.#port = port
  }

  /** A run is produced here from now on. */
  own(run: string): void {
    if (!this.#own.has(run)) this.#own.set(run, new Set())
  }

  /** It has ended, or another one owns it. */
  disown(run: string): void {
    this.#own.delete(run)
  }

  /** Something was appended here. */
  changed(run: string): void {
    for (const watcher of this.#own.get(run) ?? []) watcher('events')
  }

  /** Returns how to end it. */
  add(naming: Promise<RunNames>, onChange: Watcher): () => void {
    let isEnded = false
    let end = () => {}
    // Two may pass the same function.
    const watcher = (change: RunChange) => {
      if (!isEnded) onChange(change)
    }
    void naming.then(({ run, channel, control }) => {
      if (isEnded) return
      const own = this.#own.get(run)
      own?.add(watcher)
      const unsubscribe = this.#port.subscribe(own ? control : channel, (message) =>
        watcher(STOPPED.has(message) ? 'stopped' : 'events'),
      )
      end = () => {
        own?.delete(watcher)
        unsubscribe()
      }
    })
    return () => {
      isEnded = true
      end()
    }
  }
}
