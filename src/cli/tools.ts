/** What the command can do besides serving: each is loaded only when it is asked for. */
import type { Fetch } from '../host.ts'
import type { Usage } from './options.ts'

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

const tools: Readonly<Record<string, () => Promise<{ tool: Tool }>>> = {
  chat: () => import('./chat.ts'),
  check: () => import('./check.ts'),
  record: () => import('./record.ts'),
  replay: () => import('./replay.ts'),
}

export const toolNames: readonly string[] = Object.keys(tools)

/** Whether a command line asks for a tool. */
export function isTool([name = '']: readonly string[]): boolean {
  return Object.hasOwn(tools, name)
}

/** The tool that a command line asks for. */
export async function loadTool([name = '']: readonly string[]): Promise<Tool> {
  const module = await tools[name]?.()
  if (module === undefined) throw new TypeError(`there is no tool ${name}`)
  return module.tool
}
