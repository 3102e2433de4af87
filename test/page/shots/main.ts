/** Takes a picture of every view and state of the page, at three widths, light and dark. */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { root } from '../../../scripts/hosts.mjs'
import { buildPage } from '../../../scripts/page.mjs'
import { startProcess } from '../../support/server-process.ts'
import { startUpstream } from '../../support/upstream.ts'
import { serveActivity } from '../support/activity-stand-in.ts'
import { launch } from '../support/browser.ts'
import { NOW, showRequests } from './activity.ts'
import { MODELS, scriptFor } from './answers.ts'
import { shareStates, startShared } from './share.ts'
import { type Scene, type State, states } from './states.ts'

const HELP = `npm run screenshots -- [options]
  --out FOLDER   where the pictures go (.screenshots)
  --only TEXT    only states whose name contains this
  --readme       only docs/images/page.png and docs/images/activity.png, written anew
  --built        shows dist/page as it is, without building it`

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: join(root, '.screenshots') },
    only: { type: 'string', default: '' },
    readme: { type: 'boolean', default: false },
    built: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const WIDE = { width: 1_280, height: 800 }
const SIZES = [WIDE, { width: 768, height: 1024 }, { width: 390, height: 844 }]
const SCHEMES = ['light', 'dark'] as const

/** Everything that moves stands still, and all pictures are of one moment. */
const STILL = { reducedMotion: 'reduce', locale: 'en-GB', timezoneId: 'UTC' } as const

/** The pictures of the documentation, by the states that they show. */
const README: Record<string, string> = {
  'chat-streamed': 'page.png',
  'activity-request': 'activity.png',
}

if (values.help) console.log(HELP)
else await takeAll()

async function takeAll(): Promise<void> {
  const folder = join(root, 'dist/page')
  if (!values.built) await buildPage(folder)
  const upstream = await startUpstream({ models: MODELS, script: scriptFor })
  const server = await startProcess(
    'bun',
    ['--no-discover', '--upstream', `workstation=${upstream.url}`],
    {},
  )
  const stand = await serveActivity(folder, () => NOW)
  showRequests(stand)
  const wanted = [...states, ...shareStates].filter(isWanted)
  const shared = wanted.some(({ at }) => at) ? await startShared(await sharedPage()) : undefined
  const browser = await launch()
  try {
    const scene = { url: server.url, activityUrl: stand.url, share: shared?.urls }
    for (const state of wanted) await take(browser, state, scene)
  } finally {
    await browser.close()
    await shared?.[Symbol.asyncDispose]()
    stand.close()
    await server.kill()
    await upstream.close()
  }
}

/** With an engine that needs no weights. */
async function sharedPage(): Promise<string> {
  const folder = join(root, 'node_modules/.cache/sluice/shared-page')
  await buildPage(folder, join(root, 'test/workers/stand-in.ts'))
  return folder
}

function isWanted({ name }: State): boolean {
  return values.readme ? name in README : name.includes(values.only)
}

async function take(browser: Browser, state: State, scene: Scene): Promise<void> {
  const picture = README[state.name]
  if (values.readme && picture !== undefined) {
    const path = join(root, 'docs/images', picture)
    const options = { viewport: WIDE, deviceScaleFactor: 1.25 }
    await show(browser, state, scene, options, (page) => shoot(page, path))
    return
  }
  mkdirSync(values.out, { recursive: true })
  await show(browser, state, scene, { viewport: WIDE }, async (page) => {
    for (const viewport of SIZES) {
      await page.setViewportSize(viewport)
      await state.atWidth?.(page)
      for (const colorScheme of SCHEMES) {
        await page.emulateMedia({ colorScheme })
        await shoot(page, join(values.out, `${state.name}-${viewport.width}-${colorScheme}.png`))
      }
    }
  })
}

async function shoot(page: Page, path: string): Promise<void> {
  await page.waitForTimeout(150)
  await page.screenshot({ path, animations: 'disabled', caret: 'hide' })
  console.log(path)
}

/** Opens the page in this state. */
async function show(
  browser: Browser,
  { name, isOfActivity, at, hash, init, conversations, prepare }: State,
  { url, activityUrl, share }: Scene,
  options: BrowserContextOptions,
  act: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({ ...STILL, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  const stored = { 'sluice.model': '"qwen3-32b"', ...conversations }
  await page.addInitScript((entries) => {
    for (const [key, value] of Object.entries(entries)) localStorage.setItem(key, value)
  }, stored)
  if (init) await page.addInitScript(init)
  const server = at ? share?.[at] : isOfActivity ? activityUrl : url
  try {
    if (isOfActivity) await page.clock.setFixedTime(NOW)
    await page.goto(`${server}/#${hash ?? 'chat'}`)
    await prepare?.(page)
    await act(page)
  } catch (error) {
    console.error(`${name}: ${(error as Error).message.split('\n', 3).join(' ')}`)
    process.exitCode = 1
  } finally {
    await context.close()
  }
}
