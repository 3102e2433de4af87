/** The service worker that answers this page's own requests. */
import { signal } from '@preact/signals'

export type Service =
  | { state: 'starting' }
  /** Requests to `v1/` are answered in this browser. */
  | { state: 'ready' }
  | { state: 'missing'; why: string; remedy: string }

export const service = signal<Service>({ state: 'starting' })

/** Milliseconds a new service worker has to take this page over. */
const PATIENCE = 4_000

/** Resolves when it controls this page, or when it is known why it does not. */
export async function startServiceWorker(): Promise<void> {
  const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined
  if (workers === undefined) {
    const why = 'This page did not come from https or localhost, so it may run no service worker.'
    const remedy = 'Open it as http://localhost:…, or serve it with TLS.'
    service.value = { state: 'missing', why, remedy }
    return
  }
  try {
    await workers.register(new URL('./service-worker.js', document.baseURI))
    await controlled(workers)
    service.value = { state: 'ready' }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    service.value = { state: 'missing', why, remedy: 'Reload the page.' }
  }
}

/** A page that was loaded by Shift-reload is controlled by none. */
function controlled(workers: ServiceWorkerContainer): Promise<void> {
  if (workers.controller) return Promise.resolve()
  return new Promise((resolve, reject) => {
    workers.addEventListener('controllerchange', () => resolve(), { once: true })
    setTimeout(() => {
      reject(new Error('The service worker does not control this page.'))
    }, PATIENCE)
  })
}
