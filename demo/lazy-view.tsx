import { signal } from '@preact/signals'
import type { ComponentType } from 'preact'
import { useEffect } from 'preact/hooks'

/** A view whose code is loaded when it is shown for the first time. `title`: its name until then. */
export function lazyView(title: string, load: () => Promise<ComponentType>): ComponentType {
  const loaded = signal<ComponentType | undefined>(undefined)
  const hasFailed = signal(false)
  const start = async () => {
    hasFailed.value = false
    try {
      loaded.value = await load()
    } catch {
      hasFailed.value = true
    }
  }
  return function LazyView() {
    useEffect(() => {
      if (loaded.peek() === undefined) void start()
    }, [])
    const Loaded = loaded.value
    if (Loaded) return <Loaded />
    return (
      <main class="view" aria-label={title}>
        {hasFailed.value ? (
          <p role="alert">
            This view could not be loaded: the server does not answer, or the page has changed.{' '}
            <button type="button" onClick={() => location.reload()}>
              Reload the page
            </button>
          </p>
        ) : (
          <p class="weak">Loading…</p>
        )}
      </main>
    )
  }
}
