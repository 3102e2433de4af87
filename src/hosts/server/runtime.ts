import type { Progress } from '../../engines/engine.ts'
import type { LocalEngine } from '../../engines/webllm/webllm.ts'
import type { Host } from '../../platform/host.ts'
import type { Place } from '../../settings/declaration.ts'
import type { Settings } from '../../settings/settings.ts'
import type { Terminal } from './terminal.ts'
import type { Tls } from './tls.ts'

/** A socket that listens. */
export interface Listener {
  /** The real port, where 0 was asked for. */
  port: number
  /** Stops accepting and lets running responses go on; resolves when the last has ended. */
  close(): Promise<void>
}

/** What a runtime gives. */
export interface Runtime {
  /** `bun 1.4.5` */
  name: string
  /** Which settings it can honour. */
  place: Place
  /** Where requests to upstreams go out; the global `fetch` by default. */
  fetch?: Host['fetch']
  frameWriter?: Host['frameWriter']
  /** What `node:process` gives by default. */
  terminal?: Terminal
  /** Makes the engine of this computer's GPU. Rejects with a `SettingsError`. */
  webgpu?: (settings: Settings, onProgress: (progress: Progress) => void) => Promise<LocalEngine>
  /** Rejects where it can't listen. */
  listen(options: {
    fetch: (request: Request) => Promise<Response>
    port: number
    hostname: string
    /** Serves over https. */
    tls: Tls | undefined
    /** Milliseconds in which a request's headers have to come, and then its body. */
    bodyTimeout: number
  }): Promise<Listener>
}
