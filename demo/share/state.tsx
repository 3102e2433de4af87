import { signal } from '@preact/signals'
import { loading } from '../engine.ts'
import { bytesText } from '../format.ts'
import { choice, choose, totals } from './choice.ts'
import { needsPairing } from './code-field.tsx'
import { charging } from './energy.ts'
import { type Serving, type Shared, shared } from './shared.ts'
import { modelsHere, shareNow, suggestedModel } from './start.ts'
import { secondsUntil } from './use-seconds.ts'
import { isPhone } from './wake-lock.ts'

/** Why the button did nothing. */
const problem = signal('')

/** The state of the link, what is being answered, and the buttons that change both. */
export function LinkState() {
  const { on } = choice.value
  return (
    <section class={`card link-state ${toneOf(shared.value)}`} aria-labelledby="share-state">
      <div class="card-head">
        <h3 id="share-state">
          <span role="status">{on ? stateText(shared.value) : 'Not shared'}</span>
        </h3>
        <Buttons />
      </div>
      <Explanation />
      {problem.value !== '' && <p role="alert">{problem.value}</p>}
      {on && shared.value.link.kind === 'joined' && <ServingNow all={shared.value.serving} />}
      <Totals />
      <p class="weak">{energyText()}</p>
      <p class="weak">{isPhone() ? HIDDEN_PHONE : HIDDEN}</p>
    </section>
  )
}

const HIDDEN =
  'You may use other tabs and windows meanwhile: in Chromium on Linux, where it was measured, a hidden tab answers as fast as one in front. It stops when you close this page, or when the computer sleeps.'

const HIDDEN_PHONE =
  'Keep this page in front: a phone stops pages that it does not show. While it is in front and shared, the screen stays on.'

function toneOf({ link }: Shared): string {
  if (!choice.value.on) return link.kind === 'ended' ? 'bad' : 'off'
  if (link.kind === 'joined') return choice.value.paused ? 'paused' : 'good'
  return link.kind === 'lost' || link.kind === 'ended' ? 'bad' : 'busy'
}

function stateText({ link }: Shared): string {
  if (link.kind === 'joined') {
    return choice.value.paused ? `Paused (joined as ${link.name})` : `Joined as ${link.name}`
  }
  return link.kind === 'lost' ? 'Not connected' : 'Joining…'
}

/** What the state means, and what to do about it. */
function Explanation() {
  const { link, againAt, models } = shared.value
  if (!choice.value.on) {
    if (link.kind !== 'ended') return needsPairing() ? <p>{PAIR_FIRST}</p> : null
    return <p role="alert">{endedText(link.why)}</p>
  }
  if (link.kind === 'lost') {
    const seconds = secondsUntil(againAt)
    return (
      <p>
        {sentence(link.why)} {seconds > 0 ? `Trying again in ${seconds} s.` : 'Trying again…'}
      </p>
    )
  }
  if (link.kind !== 'joined') return null
  if (choice.value.paused) return <p>It takes no requests until you resume.</p>
  if (models.length > 0) return <p>Programs that ask the server can use this GPU now.</p>
  return (
    <p>
      {loading.value
        ? 'Programs can use it as soon as the model is loaded.'
        : 'No model is offered: choose or load one below.'}
    </p>
  )
}

const PAIR_FIRST = 'This server has keys: pair this browser first, with a link or a code.'

function endedText(why: string): string {
  return `It is no longer shared. ${sentence(why)}`
}

/** As a sentence of its own. */
function sentence(text: string): string {
  const whole = /[.!?]$/.test(text) ? text : `${text}.`
  return whole.charAt(0).toUpperCase() + whole.slice(1)
}

function Buttons() {
  const { on, paused } = choice.value
  if (!on) {
    return (
      <button type="button" disabled={needsPairing()} onClick={() => void begin()}>
        {startText()}
      </button>
    )
  }
  return (
    <div class="row">
      <button type="button" class="plain" onClick={() => choose({ paused: !paused })}>
        {paused ? 'Resume' : 'Pause'}
      </button>
      <button type="button" class="plain" onClick={() => choose({ on: false, paused: false })}>
        Stop sharing
      </button>
    </div>
  )
}

function startText(): string {
  if (modelsHere().length > 0 || loading.value) return 'Share this GPU'
  const suggested = suggestedModel()
  if (suggested === undefined) return 'Share this GPU'
  return `Download ${suggested.title} (${bytesText(suggested.download)}) and share this GPU`
}

async function begin(): Promise<void> {
  problem.value = ''
  try {
    await shareNow()
  } catch (error) {
    problem.value = (error as Error).message
  }
}

function ServingNow({ all }: { all: readonly Serving[] }) {
  if (all.length === 0) return <p class="serving weak">Nobody is asking now.</p>
  return (
    <ul class="serving">
      {all.map(({ id, for: name, model, tokens }) => (
        <li key={id}>
          Answering <strong>{name || 'a program without a key'}</strong>
          {model !== undefined && ` with ${model}`}: {countText(tokens, 'token')}
        </li>
      ))}
    </ul>
  )
}

function Totals() {
  const { tokensPerSecond, tokens } = shared.value
  const all = totals.value
  if (all.requests === 0 && tokens === 0) return null
  const facts = [
    ['Requests answered', all.requests.toLocaleString('en-US')],
    ['Tokens', all.tokens.toLocaleString('en-US')],
    ['Tokens per second', tokensPerSecond === 0 ? '–' : tokensPerSecond.toFixed(1)],
  ]
  return (
    <dl class="share-totals">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function countText(count: number, word: string): string {
  return `${count.toLocaleString('en-US')} ${word}${count === 1 ? '' : 's'}`
}

function energyText(): string {
  if (charging.value === undefined) {
    return 'While it answers, the GPU takes about as much power as a game: plug the device in.'
  }
  if (charging.value) return 'This device is plugged in.'
  return 'This device runs on its battery, which answering drains: plug it in, and the server prefers it.'
}
