import type { Fetch } from '../../platform/fetch.ts'
import type { Processes } from '../../platform/process.ts'
import { isRun } from '../../settings/no-run.ts'
import type { ResolvedUpstream, Settings } from '../../settings/settings.ts'
import type { Engine } from '../engine.ts'
import type { UpstreamOptions } from '../upstream/upstream.ts'
import { type Clock, systemClock } from './clock.ts'
import type { ManagedContext } from './context.ts'
import { createManagedEngine } from './managed-engine.ts'
import { MemoryBudget, type MemoryUser } from './memory.ts'
import { identityOf, type ManagedOptions, managedOptions } from './options.ts'
import { ManagedServer } from './server.ts'

export interface ManagedServersOptions {
  processes: Processes
  fetch: Fetch
  clock?: Clock
  /** Called with what happened to a server, for people. */
  tell?: ManagedContext['tell']
}

type RunUpstream = ResolvedUpstream & { run: string[] }

/**
 * All servers that sluice starts. They outlive a reload of the settings: one whose command and address
 * did not change goes on, and one that is gone or changed is stopped when its last request has ended.
 */
export class ManagedServers {
  readonly #context: ManagedContext
  readonly #servers = new Map<string, ManagedServer>()
  /** Those that are still to end, with settings that are no longer in force. */
  readonly #retired = new Set<ManagedServer>()
  #isEnded = false

  constructor({ processes, fetch, clock = systemClock, tell = () => {} }: ManagedServersOptions) {
    this.#context = {
      ...{ processes, fetch, clock, tell },
      memory: new MemoryBudget(clock),
      maxWaiting: 100,
      usesPort: (port, asking) => this.#usesPort(port, asking),
    }
  }

  /** The engine of an upstream. Nothing is started, and nothing changes before `takeOver`. */
  engine(options: UpstreamOptions & RunUpstream): Engine {
    return createManagedEngine(this.#serverOf(managedOptions(options)), options)
  }

  /** Puts settings in force: stops what they no longer name, and starts what they want at once. */
  takeOver({ upstream, memoryBudget, queue }: Settings): void {
    if (this.#isEnded) return
    this.#context.memory.limit = memoryBudget
    this.#context.maxWaiting = Math.max(queue, 1)
    const named = new Set<string>()
    for (const each of upstream.filter(isRun)) {
      const options = managedOptions(each)
      const identity = identityOf(options)
      named.add(identity)
      const server = this.#serverOf(options)
      server.options = options
      if (options.preload) server.start()
    }
    for (const server of this.#retired) {
      if (!server.isLive && !server.isBusy) this.#retired.delete(server)
    }
    for (const [identity, server] of this.#servers) {
      if (named.has(identity)) continue
      this.#servers.delete(identity)
      this.#retired.add(server)
      server.retire()
    }
    this.#context.memory.review()
  }

  /** Stops all of them, whatever they do. Resolves when none of their processes is left. */
  async stop(): Promise<void> {
    this.#isEnded = true
    const all = [...this.#servers.values(), ...this.#retired]
    await Promise.all(all.map((server) => server.stop('sluice ends')))
  }

  #serverOf(options: ManagedOptions): ManagedServer {
    const identity = identityOf(options)
    let server = this.#servers.get(identity)
    if (server === undefined) {
      server = new ManagedServer(options, this.#context)
      this.#servers.set(identity, server)
    }
    return server
  }

  /** A server that was changed has its former self among the others, with the same label. */
  #usesPort(port: number, asking: MemoryUser): boolean {
    const all = [...this.#servers.values(), ...this.#retired]
    return all.some((server) => server !== asking && server.usedPort === port)
  }
}
