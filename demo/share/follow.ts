/** What each tab does from the start, shared or not. */
import { effect } from '@preact/signals'
import { OFFER } from '../views.ts'
import { choice, offer } from './choice.ts'

/** Shares as it was chosen, in whichever tab runs the engine, and takes the offers of links. */
export function followSharing(): void {
  takeOffer()
  addEventListener('hashchange', takeOffer)
  const stop = effect(() => {
    if (!choice.value.on) return
    // Most pages share nothing.
    void import('./parts.ts').then(({ startSharing }) => startSharing())
    queueMicrotask(() => stop())
  })
}

function takeOffer(): void {
  if (!location.hash.startsWith(OFFER)) return
  offer.value = location.hash.slice(OFFER.length)
  // The secret is neither in the address bar nor in the history from now on.
  history.replaceState(history.state, '', '#share')
}
