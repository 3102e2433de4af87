import { signal } from '@preact/signals'
import type { ComponentChild } from 'preact'

type View = () => ComponentChild

/**
 * A view whose code is loaded when it is first shown, so that the first one is there sooner.
 *
 * @example
 * const Keys = lazyView(async () => (await import('./keys/view.tsx')).KeysView)
 */
export function lazyView(load: () => Promise<View>): View {
  const loaded = signal<{ view: View } | 'failed' | undefined>(undefined)
  let isAsked = false
  const begin = async () => {
    isAsked = true
    try {
      loaded.value = { view: await load() }
    } catch {
      loaded.value = 'failed'
    }
  }
  return () => {
    if (!isAsked) void begin()
    if (loaded.value === undefined) return <p class="weak loading">Loading…</p>
    if (loaded.value === 'failed') return <Failed />
    const Shown = loaded.value.view
    return <Shown />
  }
}

function Failed() {
  return (
    <p class="error" role="alert">
      This view could not be loaded: the server did not answer, or has a newer page.{' '}
      <button type="button" onClick={() => location.reload()}>
        Reload
      </button>
    </p>
  )
}
