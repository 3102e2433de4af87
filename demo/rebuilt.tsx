/**
 * Tells of a newer build of the page. Only a checkout's page has a name for its build, and only while it is
 * looked at does it ask for news, which makes the server look at the sources.
 */
import { signal } from '@preact/signals'
import { render } from 'preact'

const isNewer = signal(false)

/** Asks for news of the page for as long as it is visible. Does nothing for a page without a name. */
export function followBuilds(): void {
  const build = document.querySelector<HTMLMetaElement>('meta[name="sluice-build"]')?.content
  if (build === undefined) return
  const place = document.createElement('div')
  document.body.append(place)
  render(<Notice />, place)
  let asking = new AbortController()
  const follow = () => {
    asking.abort()
    asking = new AbortController()
    if (document.visibilityState === 'visible') void untilNewer(build, asking.signal)
  }
  document.addEventListener('visibilitychange', follow)
  follow()
}

async function untilNewer(build: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !isNewer.value) {
    const version = await nextVersion(build, signal)
    if (version === undefined) await new Promise((resolve) => setTimeout(resolve, 2_000))
    else isNewer.value = version !== build
  }
}

/** The server answers when there is another build, or after a while. Undefined where it does not answer. */
async function nextVersion(build: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const response = await fetch(`./build-${build}.json`, { signal, cache: 'no-store' })
    const { state, version } = (await response.json()) as { state: string; version: string }
    return state === 'ready' ? version : undefined
  } catch {
    return undefined
  }
}

function Notice() {
  if (!isNewer.value) return null
  return (
    <p class="rebuilt" role="status">
      The sources of this page have changed.
      <button type="button" onClick={() => location.reload()}>
        Reload
      </button>
    </p>
  )
}
