/** The service worker that answers this page's own requests. */
import { signal } from '@preact/signals'
import { ownScript } from './own-script.ts'

export type Service =
  | { state: 'starting' }
  /** Requests to `v1/` are answered in this browser. */
  | { state: 'ready' }
  | { state: 'missing'; why: string; remedy: string }

export const service = signal<Service>({ state: 'starting' })

/** Milliseconds within which a new service worker has to control this page. */
const CONTROL_TIMEOUT = 4_000

let starting: Promise<void> | undefined

/**
 * Resolves when the service worker controls this page, or when it is known why it cannot. It is 200 kB and
 * answers only what no server can: it is started for a model of the GPU, or where no server answers this page.
 */
export function startServiceWorker(): Promise<void> {
  starting ??= start()
  return starting
}

/** Whether an earlier page has started it: then it answers this one's requests too. */
export function hasServiceWorker(): boolean {
  return Boolean((navigator.serviceWorker as ServiceWorkerContainer | undefined)?.controller)
}

async function start(): Promise<void> {
  const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined
  if (workers === undefined) {
    const why = 'Browsers allow a service worker only on pages from https or localhost.'
    const remedy = 'Open this page as http://localhost:…, or serve it over https.'
    service.value = { state: 'missing', why, remedy }
    return
  }
  try {
    await workers.register(ownScript('./service-worker.js'))
    await controlled(workers)
    service.value = { state: 'ready' }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    service.value = { state: 'missing', why, remedy: 'Reload the page.' }
  }
}

/** Rejects after a while, because a page that was loaded with Shift-reload is never controlled. */
function controlled(workers: ServiceWorkerContainer): Promise<void> {
  if (workers.controller) return Promise.resolve()
  return new Promise((resolve, reject) => {
    workers.addEventListener('controllerchange', () => resolve(), { once: true })
    setTimeout(() => {
      reject(new Error('The service worker does not control this page.'))
    }, CONTROL_TIMEOUT)
  })
}
