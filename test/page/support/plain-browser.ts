// Chromium with a screen, as people run it: Playwright's own start keeps hidden tabs from being slowed down,
// and its contexts pretend that every tab is in front.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type BrowserContext, chromium } from 'playwright-core'
import { chromiumPath } from '../../../scripts/system.mjs'

export interface PlainBrowser extends AsyncDisposable {
  context: BrowserContext
}

/** Starts it on a screen of its own, which needs Xvfb. */
export async function startPlainBrowser(): Promise<PlainBrowser> {
  const display = `:${100 + (process.pid % 400)}`
  const screen = spawn('Xvfb', [display, '-screen', '0', '1280x900x24'], { stdio: 'ignore' })
  const failed = new Promise<never>((_, reject) => {
    screen.on('error', () => {
      reject(new Error('Xvfb: expected it to start, and it is not installed; install xvfb.'))
    })
  })
  await Promise.race([sleep(1_000), failed])
  const profile = mkdtempSync(join(tmpdir(), 'sluice-chromium-'))
  const own = startChromium(profile, display)
  const browser = await chromium.connectOverCDP(await addressOf(own), { noDefaults: true })
  const [context] = browser.contexts()
  if (context === undefined) throw new Error('Chromium: expected a window, got none.')
  return {
    context,
    async [Symbol.asyncDispose]() {
      await browser.close().catch(() => {})
      own.kill()
      screen.kill()
      await sleep(500)
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

function startChromium(profile: string, display: string): ChildProcess {
  const root = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const args = [
    ...root,
    `--user-data-dir=${profile}`,
    ...['--remote-debugging-port=0', '--no-first-run', '--no-default-browser-check'],
    ...['--disable-component-update', '--disable-sync', '--password-store=basic', 'about:blank'],
  ]
  const env = { ...process.env, DISPLAY: display }
  return spawn(String(chromiumPath()), args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
}

/** Where it can be driven, which it says when it has started. */
function addressOf(own: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    own.stderr?.on('data', (bytes) => {
      said += String(bytes)
      const url = /DevTools listening on (ws:\S+)/.exec(said)?.[1]
      if (url) resolve(url)
    })
    own.on('exit', () => reject(new Error(`Chromium: expected it to start, and it ended: ${said}`)))
  })
}
