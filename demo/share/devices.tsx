import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { CopyLine } from '../copy-line.tsx'
import { isOnThisMachine, ownAddress } from '../start/place.ts'
import { Connected } from './connected.tsx'
import { openPairing, type Pairing } from './pairing.ts'
import { QrCode } from './qr-code.tsx'
import { followTabs, tabs } from './tab-list.ts'
import { secondsUntil } from './use-seconds.ts'

const name = signal('phone')
const isShared = signal(false)
const opened = signal<(Pairing & { at: number }) | undefined>(undefined)
const problem = signal('')

/** For whoever has the owner's key: pairs another device, and shows those that are connected. */
export function Devices() {
  useEffect(followTabs, [])
  return (
    <>
      <section class="card" aria-labelledby="share-pair">
        <h3 id="share-pair">Pair a device</h3>
        <PairForm />
        {problem.value !== '' && <p role="alert">{problem.value}</p>}
        {opened.value && <Opened pairing={opened.value} openedAt={opened.value.at} />}
      </section>
      <Connected />
    </>
  )
}

function PairForm() {
  return (
    <form
      class="pair-form"
      onSubmit={(event) => {
        event.preventDefault()
        void pair()
      }}
    >
      <p class="weak">
        A phone, a laptop or a gaming PC gets a key that may offer models and may not ask.
      </p>
      <label>
        Its name
        <input
          autocomplete="off"
          spellcheck={false}
          value={name.value}
          onInput={(event) => {
            name.value = event.currentTarget.value
          }}
        />
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={isShared.value}
          onChange={(event) => {
            isShared.value = event.currentTarget.checked
          }}
        />
        It answers everybody’s requests, and not only those of admins
      </label>
      <button type="submit" disabled={name.value.trim() === ''}>
        Pair a device
      </button>
    </form>
  )
}

async function pair(): Promise<void> {
  problem.value = ''
  opened.value = undefined
  try {
    opened.value = {
      ...(await openPairing(name.value.trim(), isShared.value)),
      at: Date.now() / 1_000,
    }
  } catch (error) {
    problem.value = (error as Error).message
  }
}

/** The link and the code of a pairing, until it is over or the device is there. */
function Opened({ pairing, openedAt }: { pairing: Pairing; openedAt: number }) {
  const seconds = secondsUntil(pairing.expires_at * 1_000)
  const joined = tabs.value?.find(
    (tab) => tab.key === pairing.name && tab.created_at >= openedAt - 1,
  )
  if (joined) {
    return (
      <p class="card" role="status">
        <strong>{pairing.name} is connected.</strong>
      </p>
    )
  }
  if (seconds === 0) return <p role="status">The link has expired. Make a new one.</p>
  const link = `${ownAddress()}/#offer=${pairing.secret}`
  return (
    <div class="pairing">
      <QrCode text={link} name={`QR code of the link that pairs ${pairing.name}`} />
      <div>
        <p>
          Scan the code with <strong>{pairing.name}</strong>, or open this link there:
        </p>
        <CopyLine text={link} />
        <p>
          Or open {ownAddress()} there, choose Share, and type{' '}
          <strong class="pair-code">{pairing.code}</strong>
        </p>
        <p class="weak">Good once, and for {timeLeft(seconds)}.</p>
        <Reach />
      </div>
    </div>
  )
}

/** What keeps another device from using the link. */
function Reach() {
  if (isOnThisMachine()) {
    return (
      <p class="notice">
        This address works on this machine alone. For another device, open this page by the server’s
        name in your network, over https, and pair it from there.
      </p>
    )
  }
  if (location.protocol === 'https:') return null
  return (
    <p class="notice">
      This address begins with http:, and browsers have no WebGPU there, so the device could not
      answer. Serve https first: docs/https.md of sluice shows how.
    </p>
  )
}

function timeLeft(seconds: number): string {
  const minutes = Math.floor(seconds / 60)
  return `${minutes}:${String(seconds % 60).padStart(2, '0')} minutes`
}
