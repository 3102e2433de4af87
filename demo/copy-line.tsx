import { useState } from 'preact/hooks'

/** Milliseconds for which the button says that the text was copied. */
const SHOWN_FOR = 2_000

/** A line for a terminal, with a button that copies it. */
export function CopyLine({ text }: { text: string }) {
  const [isCopied, setIsCopied] = useState(false)
  // There is none on a page without https, except on localhost.
  const clipboard = navigator.clipboard as Clipboard | undefined
  const copy = async () => {
    await clipboard?.writeText(text)
    setIsCopied(true)
    setTimeout(() => setIsCopied(false), SHOWN_FOR)
  }
  return (
    <div class="copy-line">
      <code>{text}</code>
      {clipboard && (
        <button
          type="button"
          class="quiet"
          aria-label={`Copy ${text}`}
          onClick={() => void copy().catch(() => {})}
        >
          {isCopied ? 'Copied' : 'Copy'}
        </button>
      )}
      <span class="hidden" role="status">
        {isCopied ? 'Copied' : ''}
      </span>
    </div>
  )
}
