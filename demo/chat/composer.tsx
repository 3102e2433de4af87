import { signal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { send, stop } from '../send.ts'
import { isStreaming, model, options } from '../state.ts'
import { attach, canSend, detach, draft, pictures, problems, takeDraft } from './draft.ts'
import { ACCEPTED } from './images.ts'
import { OptionsForm } from './options.tsx'
import { toolsIn } from './tools.ts'

const areOptionsShown = signal(false)

export function submit(): void {
  if (!canSend()) return
  const { text, images } = takeDraft()
  void send(text, images)
}

export function Composer() {
  const { problem } = toolsIn(options.value.tools)
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      {areOptionsShown.value && <OptionsForm />}
      {problem !== undefined && !areOptionsShown.value && <p class="error">{problem}</p>}
      <Pictures />
      <Message />
      <div class="bar">
        <AttachButton />
        <button
          type="button"
          class="quiet"
          aria-expanded={areOptionsShown.value}
          onClick={() => {
            areOptionsShown.value = !areOptionsShown.value
          }}
        >
          Settings
        </button>
        <span class="hint weak">Enter sends, Shift+Enter starts a new line</span>
        {isStreaming.value ? (
          <button type="button" onClick={stop} title="Escape stops too">
            Stop
          </button>
        ) : (
          <button type="submit" disabled={!canSend()}>
            Send
          </button>
        )}
      </div>
    </form>
  )
}

function Message() {
  return (
    <textarea
      rows={2}
      aria-label="Message"
      placeholder={model.value ? `Message ${model.value}` : 'Choose a model first'}
      value={draft.value}
      onInput={(event) => {
        draft.value = event.currentTarget.value
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
        event.preventDefault()
        submit()
      }}
      onPaste={(event) => {
        const files = [...(event.clipboardData?.files ?? [])]
        // A document brings a picture of its text as well.
        if (files.length === 0 || event.clipboardData?.types.includes('text/plain')) return
        event.preventDefault()
        void attach(files)
      }}
    />
  )
}

function AttachButton() {
  const field = useRef<HTMLInputElement>(null)
  return (
    <>
      <input
        type="file"
        class="hidden"
        ref={field}
        accept={ACCEPTED}
        multiple
        tabIndex={-1}
        aria-label="Images to attach"
        onChange={({ currentTarget }) => {
          void attach([...(currentTarget.files ?? [])])
          // So that the same file can be chosen again.
          currentTarget.value = ''
        }}
      />
      <button type="button" class="quiet" onClick={() => field.current?.click()}>
        Attach image
      </button>
    </>
  )
}

function Pictures() {
  const all = pictures.value
  return (
    <>
      {all.length > 0 && (
        <ul class="pictures" aria-label="Attached images">
          {all.map(({ id, name, url, change }) => (
            <li key={id}>
              <img src={url} alt={name} />
              <button type="button" aria-label={`Remove ${name}`} onClick={() => detach(id)}>
                ×
              </button>
              {change !== undefined && <small>{change}</small>}
            </li>
          ))}
        </ul>
      )}
      {problems.value.map((problem) => (
        <p class="error" role="alert" key={problem}>
          {problem}
        </p>
      ))}
    </>
  )
}
