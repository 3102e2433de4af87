import type { Fetch } from '../../platform/fetch.ts'
import type { CommandUsage } from '../options.ts'

/** What a runtime provides to a tool. */
export interface ToolContext {
  /** `bun 1.4.5` */
  runtime: string
  fetch: Fetch
  out: Output
  err: Output
  /** Aborts on SIGINT and SIGTERM. */
  signal: AbortSignal
  /** Serves at an address, with which it resolves. Rejects with a `SettingsError`. */
  serve(options: {
    fetch: (request: Request) => Promise<Response>
    host: string
    port: number
  }): Promise<string>
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
