/** The key for the server behind the page, where that wants one. */
import { signal } from '@preact/signals'
import { checkKey, key, wantsKey } from './api.ts'
import { refreshModels } from './state.ts'

const typed = signal('')

async function use(text: string): Promise<void> {
  key.value = text.trim()
  typed.value = ''
  await checkKey()
  await refreshModels()
}

export function Key() {
  if (!wantsKey.value && key.value === '') return null
  if (!wantsKey.value) {
    return (
      <p class="weak">
        An API key is in use.{' '}
        <button type="button" class="quiet" onClick={() => void use('')}>
          Forget it
        </button>
      </p>
    )
  }
  return (
    <form
      class="notice"
      onSubmit={(event) => {
        event.preventDefault()
        void use(typed.value)
      }}
    >
      <label>
        {key.value === '' ? 'This server requires an API key.' : 'The server refused this API key.'}
        <input
          type="password"
          autocomplete="off"
          value={typed.value}
          onInput={(event) => {
            typed.value = event.currentTarget.value
          }}
        />
      </label>
      <button type="submit">Use key</button>
    </form>
  )
}
