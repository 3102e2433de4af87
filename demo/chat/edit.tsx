import { useEffect, useRef, useState } from 'preact/hooks'
import { sendInstead } from '../send.ts'
import { model, type Said } from '../state.ts'
import { images } from './image-store.ts'

interface EditProps {
  said: Said
  index: number
  onEnd(): void
}

/** A sent message to be changed. What follows it is replaced when it is sent again. */
export function EditForm({ said, index, onEnd }: EditProps) {
  const [text, setText] = useState(said.content)
  const [kept, setKept] = useState(said.images ?? [])
  const field = useRef<HTMLTextAreaElement>(null)
  useEffect(() => field.current?.focus(), [])
  const isEmpty = text.trim() === '' && kept.length === 0
  const submit = () => {
    if (isEmpty || !model.value) return
    onEnd()
    void sendInstead(index, text.trim(), kept)
  }
  return (
    <form
      class="message edit"
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onEnd()
        if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
        if (event.target !== field.current) return
        event.preventDefault()
        submit()
      }}
    >
      {kept.length > 0 && (
        <ul class="pictures" aria-label="Images">
          {kept.map((name, at) => (
            <li key={name}>
              <img src={images.value.get(name)} alt={`Attached, number ${at + 1}`} />
              <button
                type="button"
                aria-label={`Remove image ${at + 1}`}
                onClick={() => setKept(kept.filter((each) => each !== name))}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
      )}
      <textarea
        rows={3}
        ref={field}
        aria-label="Your message"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <p class="actions">
        <span class="weak">The answers after it are replaced.</span>
        <button type="button" class="quiet" onClick={onEnd}>
          Cancel
        </button>
        <button type="submit" disabled={isEmpty || !model.value}>
          Send again
        </button>
      </p>
    </form>
  )
}
