/** What a browser is told at `/` while `npm start` builds the page: how far it is, and when it is there. */
import type { Files } from '../platform/files.ts'
import { isObject } from '../util/object.ts'
import { htmlText as text } from '../util/safe/html.ts'
import { decodeText } from '../wire/sse/sse.ts'

/** As scripts/page-builds.mjs tells of it. */
export interface PageProgress {
  state: 'installing' | 'building' | 'failed'
  /** Changes with everything that there is to tell. */
  version: string
  /** Since this began. */
  seconds: number
  packages: string[]
  /** Why it failed, and what to do then. */
  reason: string
  remedy: string
}

const STATES: readonly unknown[] = [
  'installing',
  'building',
  'failed',
] satisfies PageProgress['state'][]

/** What becomes of the page; undefined where nobody builds it, or where it is ready. */
export async function pageProgress(files: Files | undefined): Promise<PageProgress | undefined> {
  const bytes = await files?.('build.json')
  if (bytes === undefined) return undefined
  const value: unknown = JSON.parse(
    bytes instanceof Uint8Array ? decodeText(bytes) : await new Response(bytes).text(),
  )
  if (!isObject(value) || !STATES.includes(value.state)) return undefined
  const word = (each: unknown) => (typeof each === 'string' ? each : '')
  return {
    state: value.state as PageProgress['state'],
    version: word(value.version),
    seconds: Math.round(Number(value.seconds) || 0),
    packages: Array.isArray(value.packages) ? value.packages.map(word) : [],
    reason: word(value.reason),
    remedy: word(value.remedy),
  }
}

/** The title, and a reload for browsers that run no scripts. */
export function progressHead({ state }: PageProgress): string {
  const title = state === 'failed' ? 'The page could not be built' : 'Building the page…'
  const reload = '<noscript><meta http-equiv="refresh" content="3"></noscript>'
  return `<title>${title} – sluice</title>\n${state === 'failed' ? '' : reload}`
}

export function progressPart(progress: PageProgress): string {
  const { state, version, seconds, packages } = progress
  if (state === 'failed') return failedPart(progress)
  const what =
    state === 'installing'
      ? `Installing what it needs: ${packages.map((each) => `<code>${text(each)}</code>`).join(', ')}.`
      : 'Bundling its scripts and styles.'
  return `<section class="page" role="status" data-version="${text(version)}" data-seconds="${seconds}">
<h2>The page is being built</h2>
<p>${what} <span id="seconds">${seconds}</span> s so far; it takes less than half a minute, once.</p>
<progress aria-label="Building the page"></progress>
<p>You need not wait: <strong>the API works already</strong>, and this page reloads by itself when it is ready.</p>
</section>`
}

function failedPart({ version, seconds, reason, remedy }: PageProgress): string {
  return `<section class="page" role="alert" data-version="${text(version)}" data-seconds="${seconds}">
<h2>The page could not be built</h2>
<p class="error">${text(reason)}</p>
<p>${text(remedy)} <strong>The API works without it.</strong></p>
</section>`
}

/** Asks for news, each time until there are some, and counts the seconds meanwhile. */
export const SCRIPT = `
const part = document.querySelector('.page')
const shown = document.getElementById('seconds')
const { version, seconds } = part.dataset
const began = performance.now() - Number(seconds) * 1000
if (shown) setInterval(() => { shown.textContent = Math.round((performance.now() - began) / 1000) }, 500)
const ask = async () => {
  for (;;) {
    try {
      const response = await fetch('build-' + version + '.json', { cache: 'no-store' })
      const news = await response.json()
      if (news.version !== version) return location.reload()
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
  }
}
ask()
`
