import type { Progress } from '../../engines/engine.ts'
import type { LocalEngine } from '../../engines/webllm/webllm.ts'
import type { Files } from '../../platform/files.ts'
import type { Host } from '../../platform/host.ts'
import type { Place } from '../../settings/declaration.ts'
import type { Settings } from '../../settings/settings.ts'
import type { Terminal } from './terminal.ts'
import type { Tls } from './tls.ts'

/** An HTTP server that listens. */
export interface HttpServer {
  /** The port it listens on, also where 0 was given. */
  port: number
  /** Accepts no more connections; resolves when the last running response has ended. */
  close(): Promise<void>
}

/** What a runtime offers to a server. */
export interface Runtime {
  /** `bun 1.4.5` */
  name: string
  /** Decides which settings it supports. */
  place: Place
  /** Sends requests to upstreams; the global `fetch` by default. */
  fetch?: Host['fetch']
  frameWriter?: Host['frameWriter']
  /** The page's files; those beside the program by default. */
  files?: Files
  /** The module of the tools; the file beside the program by default. */
  tools?: () => Promise<typeof import('./tool.ts')>
  /** How the program was built, which `--version` prints behind the version. */
  build?: string
  /** The terminal of `node:process` by default. */
  terminal?: Terminal
  /** Starts an engine that runs models on this computer's GPU. Rejects with a `SettingsError`. */
  webgpu?: (settings: Settings, onProgress: (progress: Progress) => void) => Promise<LocalEngine>
  /** Whether the program may use further ports of this machine without anybody being asked; it may by default. */
  mayPractise?: () => boolean
  /** Rejects with the system's error where it cannot listen. */
  listen(options: {
    fetch: (request: Request) => Promise<Response>
    port: number
    hostname: string
    /** Whether other processes may listen on the same port; by default they may not. */
    reusePort?: boolean
    /** Serves https with this certificate and key. */
    tls: Tls | undefined
    /** Milliseconds within which a request's headers have to arrive, and then its body. */
    bodyTimeout: number
  }): Promise<HttpServer>
}
