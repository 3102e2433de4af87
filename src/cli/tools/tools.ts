/** The tools, each loaded only when it is asked for. What serves imports their names alone. */
import type { Fetch } from '../../platform/host.ts'
import type { Usage } from '../options.ts'
import { type ToolName, toolNamed } from './tool-names.ts'

/** What a tool gets of the runtime it runs on. */
export interface Bench {
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

export interface Output {
  isTerminal(): Promise<boolean>
  write(text: string): void
}

export interface Tool {
  usage: Usage
  /** Does its work; resolves with the process's exit code. Rejects with a `SettingsError`. */
  run(args: readonly string[], bench: Bench): Promise<number>
}

const tools: Readonly<Record<ToolName, () => Promise<{ tool: Tool }>>> = {
  chat: () => import('./chat.ts'),
  check: () => import('./check.ts'),
  record: () => import('./record.ts'),
  replay: () => import('./replay.ts'),
}

/** The tool that a command line asks for. */
export async function loadTool(args: readonly string[]): Promise<Tool> {
  const name = toolNamed(args)
  if (name === undefined) throw new TypeError(`there is no tool ${args[0]}`)
  return (await tools[name]()).tool
}
