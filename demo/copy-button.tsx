import { useState } from 'preact/hooks'
import { copyText } from './copy-text.ts'

/** Milliseconds for which the button says what came of it. */
const SHOWN_FOR = 2_000

/** Copies what `text` returns when it is pressed. `name`: what is copied, for those who hear the page. */
export function CopyButton({ text, name }: { text: () => string; name: string }) {
  const [outcome, setOutcome] = useState('')
  const copy = async () => {
    setOutcome((await copyText(text())) ? 'Copied' : 'Not copied')
    setTimeout(() => setOutcome(''), SHOWN_FOR)
  }
  return (
    <>
      <button type="button" class="quiet" aria-label={`Copy ${name}`} onClick={() => void copy()}>
        {outcome || 'Copy'}
      </button>
      <span class="hidden" role="status">
        {outcome}
      </span>
    </>
  )
}
