import type { RedisPort } from './port.ts'
import type { RunNames } from './run-names.ts'

/**
 * Who waits for changes of which run. A producer appends many times a second, and would be told of each by the
 * server: of a run that is produced here, only what others change is subscribed to.
 */
export class RunWatchers {
  readonly #port: Pick<RedisPort, 'subscribe'>
  /** The runs that are produced here, and who watches each of them. */
  readonly #own = new Map<string, Set<() => void>>()

  constructor(port: Pick<RedisPort, 'subscribe'>) {
    this.#port = port
  }

  /** A run is produced here from now on. */
  own(run: string): void {
    if (!this.#own.has(run)) this.#own.set(run, new Set())
  }

  /** It has ended, or another one owns it. */
  disown(run: string): void {
    const watchers = this.#own.get(run)
    this.#own.delete(run)
    for (const watcher of watchers ?? []) watcher()
  }

  /** Something was appended here. */
  changed(run: string): void {
    for (const watcher of this.#own.get(run) ?? []) watcher()
  }

  /** Returns how to end it. */
  add(naming: Promise<RunNames>, onChange: () => void): () => void {
    let isEnded = false
    let end = () => {}
    // Two may pass the same function.
    const watcher = () => {
      if (!isEnded) onChange()
    }
    void naming.then(({ run, channel, control }) => {
      if (isEnded) return
      const own = this.#own.get(run)
      own?.add(watcher)
      const unsubscribe = this.#port.subscribe(own ? control : channel, watcher)
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
