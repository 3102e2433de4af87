import type { Fetch } from '../../platform/fetch.ts'
import type { CommandUsage } from '../options.ts'

/** What a tool gets of the runtime it runs on. */
export interface ToolContext {
  /** `bun 1.4.5` */
  runtime: string
  fetch: Fetch
  out: Output
  err: Output
  /** Aborts when the person wants it to stop. */
  signal: AbortSignal
  /** Serves at an address; resolves with it. Rejects with a `SettingsError`. */
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
  /** Does its work; resolves with the process's exit code. Rejects with a `SettingsError`. */
  run(args: readonly string[], context: ToolContext): Promise<number>
}
