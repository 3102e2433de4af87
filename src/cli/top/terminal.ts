/** Runs `sluice top` on the whole screen of a terminal, and leaves the terminal as it was. */
import type { ToolContext } from '../tools/tool.ts'
import { TopApp } from './app.ts'
import type { FeedClient } from './feed.ts'
import { Keyboard } from './keyboard.ts'
import type { Selection } from './order.ts'
import type { Painter } from './paint.ts'
import { Screen } from './screen.ts'

export interface TerminalOptions {
  client: FeedClient
  paint: Painter
  selection: Selection
  context: ToolContext
}

/** Resolves with the exit code. Rejects with a `FeedError`, the terminal put back before. */
export async function runOnTerminal(options: TerminalOptions): Promise<number> {
  const { client, paint, selection, context } = options
  const stop = new AbortController()
  const failed = Promise.withResolvers<never>()
  const screen = new Screen((text) => context.out.write(text))
  const quit = () => stop.abort()
  const keyboard = new Keyboard(
    (key) => attempt(() => app.press(key), failed.reject),
    () => quit(),
  )
  const leave = () => {
    keyboard.close()
    screen.leave()
  }
  const enter = () => {
    screen.enter()
    keyboard.open()
  }
  const signal = AbortSignal.any([context.signal, stop.signal])
  const app = new TopApp({
    ...{ client, screen, paint, selection, signal, quit },
    suspend: () => suspend(leave, enter),
  })
  const onResize = () => app.draw()
  const onContinue = () => {
    leave()
    enter()
    app.draw()
  }
  // Whatever ends the process, an error in a timer too, the terminal is put back first.
  process.on('exit', leave)
  process.on('uncaughtException', failed.reject)
  process.stdout.on('resize', onResize)
  // Windows has no such signal, and refuses it.
  if (process.platform !== 'win32') process.on('SIGCONT', onContinue)
  enter()
  try {
    await Promise.race([app.run(), failed.promise])
  } finally {
    stop.abort()
    process.off('SIGCONT', onContinue)
    process.stdout.off('resize', onResize)
    leave()
  }
  return 0
}

function attempt(act: () => void, onError: (error: unknown) => void): void {
  try {
    act()
  } catch (error) {
    onError(error)
  }
}

/** Stops the process as Ctrl-Z does; `fg` goes on. Returns why it cannot. */
function suspend(leave: () => void, enter: () => void): string | undefined {
  if (process.platform === 'win32') return 'Windows cannot suspend a program.'
  leave()
  try {
    // The whole group: a shell waits for what it started itself, such as npm.
    process.kill(0, 'SIGTSTP')
    return undefined
  } catch {
    enter()
    return 'It cannot suspend itself here: Deno allows that only with --allow-run.'
  }
}
