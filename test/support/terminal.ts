import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { hostCommand, root } from '../../scripts/hosts.mjs'
import type { ProcessHost } from './hosts.ts'

/** A real terminal with a shell, which tmux provides. */
export interface Terminal extends AsyncDisposable {
  /** A folder of its own, which programs in it take for their state. */
  folder: string
  /** Types text as it is. */
  type(text: string): void
  /** Presses keys by tmux's names: `Enter`, `C-c`, `Up`. */
  press(...keys: string[]): void
  /** Types a line. */
  enter(line: string): void
  /** Pastes, marked as a paste where the program wants that. */
  paste(text: string): void
  /** All that was shown, the window's lines and those above it. */
  screen(): string
  /** The same with its colours. */
  coloured(): string
  /** The same, where lines that the terminal broke are one again. */
  joined(): string
  /** Waits until the screen matches; rejects after `ms` (10,000). Resolves with the screen. */
  until(pattern: RegExp, ms?: number): Promise<string>
  resize(columns: number): Promise<void>
  /** The process that `runIn` started last. */
  pid(): number
}

export interface TerminalOptions {
  columns?: number
  env?: Record<string, string>
}

const ROWS = 50

export async function openTerminal(options: TerminalOptions = {}): Promise<Terminal> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-terminal-'))
  const env = { ...cleanEnv(), XDG_STATE_HOME: folder, ENV: '', ...options.env }
  const tmux = (...args: string[]) =>
    execFileSync('tmux', ['-S', join(folder, 'socket'), '-f', '/dev/null', ...args], {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  const size = ['-x', String(options.columns ?? 80), '-y', String(ROWS)]
  tmux('-u', 'new-session', '-d', ...size, '-c', root, "env PS1='$ ' sh")
  const capture = (...flags: string[]) => tmux('capture-pane', '-p', '-S', '-', ...flags).trimEnd()
  const press = (...keys: string[]) => void tmux('send-keys', ...keys)
  const type = (text: string) => void tmux('send-keys', '-l', '--', text)
  const terminal: Terminal = {
    folder,
    type,
    press,
    enter(line) {
      type(line)
      press('Enter')
    },
    paste(text) {
      writeFileSync(join(folder, 'paste'), text)
      tmux('load-buffer', join(folder, 'paste'))
      tmux('paste-buffer', '-p')
    },
    screen: () => capture(),
    coloured: () => capture('-e'),
    joined: () => capture('-J'),
    async until(pattern, ms = 10_000) {
      const deadline = performance.now() + ms
      for (;;) {
        const screen = capture()
        if (pattern.test(screen)) return screen
        if (performance.now() > deadline) throw new Error(`${pattern} did not show:\n${screen}`)
        await sleep(20)
      }
    },
    async resize(columns) {
      tmux('resize-window', '-x', String(columns))
      await sleep(100)
    },
    pid: () => Number(readFileSync(join(folder, 'pid'), 'utf8')),
    async [Symbol.asyncDispose]() {
      tmux('kill-server')
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  await terminal.until(/^\$/m)
  return terminal
}

/** Starts the command of a host in the terminal, as a user would. */
export function startIn(terminal: Terminal, host: ProcessHost, args: string[]): void {
  const { file, args: words, env } = hostCommand(host, args)
  const more = Object.entries(env).filter(([name, value]) => value !== process.env[name])
  const line = [...more.map(([name, value]) => `${name}=${value}`), file, ...words]
  runIn(terminal, ['env', ...line])
}

/** Runs a command line; `ended N` is shown behind it, N its exit code. */
export function runIn(terminal: Terminal, words: string[]): void {
  const script = join(terminal.folder, 'run.sh')
  const start = `echo $$ > ${join(terminal.folder, 'pid')}; exec "$@"`
  const line = ['sh', '-c', start, 'sh', ...words].map(quoted).join(' ')
  writeFileSync(script, `${line}\necho "ended $?"\n`)
  terminal.enter(`clear; . ${script}`)
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}

/** Settings of the user who runs the tests must not reach the tested program. */
function cleanEnv(): Record<string, string> {
  const own = /^(SLUICE_.*|NO_COLOR|FORCE_COLOR|TMUX.*|CI)$/
  const kept = Object.entries(process.env).filter(([name, value]) => value && !own.test(name))
  return Object.fromEntries(kept) as Record<string, string>
}
