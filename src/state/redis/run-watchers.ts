import type { RunChange } from '../run-log.ts'
import type { RedisPort } from './port.ts'
import type { RunNames } from './run-names.ts'

interface Watcher {
  names: RunNames
  onChange(change: RunChange): void
  unsubscribe(): void
}

/** The messages that mean more than new events or an end, as the scripts send them. */
const STOPPED = new Set(['stop', 'deleted'])

/**
 * Who waits for changes of which run. A producer appends many times a second, and would be told of each by the
 * server: of a run that is produced here, only what others change is subscribed to.
 */
export class RunWatchers {
  readonly #port: Pick<RedisPort, 'subscribe'>
  /** The runs that are produced here. */
  readonly #own = new Set<string>()
  readonly #watchers = new Map<string, Set<Watcher>>()

  constructor(port: Pick<RedisPort, 'subscribe'>) {
    this.#port = port
  }

  /** A run is produced here from now on. */
  own(run: string): void {
    if (this.#own.has(run)) return
    this.#own.add(run)
    for (const watcher of this.#watchers.get(run) ?? []) {
      const unsubscribe = this.#subscribe(watcher)
      watcher.unsubscribe()
      watcher.unsubscribe = unsubscribe
    }
  }

  /** It has ended, or another one owns it. */
  disown(run: string): void {
    this.#own.delete(run)
  }

  /** Something was appended here. */
  changed(run: string): void {
    if (!this.#own.has(run)) return
    for (const { onChange } of this.#watchers.get(run) ?? []) onChange('events')
  }

  /** Returns how to end it. */
  add(naming: Promise<RunNames>, onChange: (change: RunChange) => void): () => void {
    let isEnded = false
    let end = () => {}
    void naming.then((names) => {
      if (isEnded) return
      const told = (change: RunChange) => {
        if (!isEnded) onChange(change)
      }
      const watcher: Watcher = { names, onChange: told, unsubscribe() {} }
      watcher.unsubscribe = this.#subscribe(watcher)
      const all = this.#watchers.get(names.run) ?? new Set()
      this.#watchers.set(names.run, all.add(watcher))
      end = () => this.#remove(watcher)
    })
    return () => {
      isEnded = true
      end()
    }
  }

  #subscribe({ names, onChange }: Watcher): () => void {
    const channel = this.#own.has(names.run) ? names.control : names.channel
    return this.#port.subscribe(channel, (message) =>
      onChange(STOPPED.has(message) ? 'stopped' : 'events'),
    )
  }

  #remove(watcher: Watcher): void {
    const { run } = watcher.names
    watcher.unsubscribe()
    const all = this.#watchers.get(run)
    all?.delete(watcher)
    if (all?.size === 0) this.#watchers.delete(run)
  }
}
