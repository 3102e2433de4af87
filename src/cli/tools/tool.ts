import type { Fetch } from '../../platform/fetch.ts'
import type { Place } from '../../settings/declaration.ts'
import type { Settings } from '../../settings/settings.ts'
import type { RedisClient } from '../../state/redis/client.ts'
import type { CommandUsage } from '../options.ts'

/** What a runtime provides to a tool. */
export interface ToolContext {
  /** `bun 1.4.5` */
  runtime: string
  fetch: Fetch
  out: Output
  err: Output
  host: HostFacts
  /** Aborts on SIGINT and SIGTERM. */
  signal: AbortSignal
  /** Serves at an address, with which it resolves. Rejects with a `SettingsError`. */
  serve(options: {
    fetch: (request: Request) => Promise<Response>
    host: string
    port: number
  }): Promise<string>
}

/** What `sluice doctor` learns from the host that it runs on. */
export interface HostFacts {
  /** Decides which settings it supports. */
  place: Place
  /** The environment as it was given: sluice changes some of it for itself. */
  env: Readonly<Record<string, string | undefined>>
  /** The address of a module of sluice, which tells how it was installed. */
  location: string
  /** Of a binary, what it was built from. */
  build?: string | undefined
  /** Whether it runs from a checkout. */
  isCheckout: boolean
  /** Whether the page was built. */
  hasPage(): Promise<boolean>
  /**
   * Connects to the store that the settings name. Rejects with a `SettingsError` where that is wrong, and with
   * the library's error where it cannot be reached.
   */
  openStore(
    settings: Pick<Settings, 'state' | 'stateCa'>,
    signal: AbortSignal,
  ): Promise<RedisClient>
}

/** One of the process's outputs. Writing to it never fails: a closed pipe must not end a server. */
export interface Output {
  isTerminal(): Promise<boolean>
  write(text: string): void
}

export interface CliTool {
  usage: CommandUsage
  /** Resolves with the exit code of the process. Rejects with a `SettingsError`. */
  run(args: readonly string[], context: ToolContext): Promise<number>
}
