import { signal } from '@preact/signals'
import { isServerAdmin, wantsKey } from '../api.ts'
import { choice, choose, offerKey } from './choice.ts'
import { redeem, redeeming } from './pairing.ts'
import { shared } from './shared.ts'

const typed = signal('')

/** Codes with which a server says that the key is not one that offers. */
const WRONG_KEY = new Set(['offer_key', 'invalid_api_key', 'missing_api_key'])

/** Whether the server would not let this browser join as it is. */
export function needsPairing(): boolean {
  const { link } = shared.value
  if (link.kind === 'ended' && WRONG_KEY.has(link.code ?? '')) return true
  return offerKey.value === '' && wantsKey.value
}

/** A field for the code of a pairing, where this browser has no key that offers. */
export function CodeField() {
  const now = redeeming.value
  const isAsked = needsPairing() && !isServerAdmin.value
  if (!isAsked && now.state !== 'failed') return null
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault()
        void redeem(typed.value).then(() => {
          typed.value = ''
        })
      }}
    >
      <h3>Pair this browser</h3>
      {now.state === 'failed' && <p role="alert">{now.message}</p>}
      <label>
        The 8 characters that <code>sluice pair NAME</code>, or the page of the server’s owner,
        shows
        <input
          class="pair-code"
          autocomplete="off"
          autocapitalize="characters"
          spellcheck={false}
          placeholder="7K3M-Q9XD"
          maxLength={64}
          value={typed.value}
          onInput={(event) => {
            typed.value = event.currentTarget.value
          }}
        />
      </label>
      <button type="submit" disabled={now.state === 'busy' || typed.value.trim() === ''}>
        {now.state === 'busy' ? 'Pairing…' : 'Pair'}
      </button>
    </form>
  )
}

/** That it has just been paired, and what comes next. */
export function Paired() {
  const now = redeeming.value
  if (now.state === 'busy') return <p role="status">Pairing this browser…</p>
  if (now.state !== 'done' || choice.value.on) return <Forget />
  return (
    <p class="card" role="status">
      <strong>This browser is paired as {now.name}.</strong> Next: press the button below.
      {!now.saved && ' The server has no settings file, so the pairing lasts until it stops.'}
    </p>
  )
}

function Forget() {
  if (offerKey.value === '') return null
  return (
    <p class="weak">
      This browser is paired with the server.{' '}
      <button
        type="button"
        class="quiet"
        onClick={() => {
          choose({ on: false })
          offerKey.value = ''
        }}
      >
        Forget it
      </button>
    </p>
  )
}
