import type { Model } from './api.ts'
import { contextOptions } from './model-context.ts'
import { ownContexts, saveContext } from './own-models.ts'

/** The engine takes the choice when it starts, so the page is loaded anew. */
export function ContextChoice({ entry }: { entry: Model }) {
  const options = contextOptions(entry)
  if (options.length < 2) return null
  const own = ownContexts()[entry.id]
  return (
    <p class="context">
      <label>
        Context{' '}
        <select
          value={own ?? ''}
          onChange={(event) => {
            const { value } = event.currentTarget
            saveContext(entry.id, value === '' ? undefined : Number(value))
            location.reload()
          }}
        >
          <option value="">As the memory allows</option>
          {options.map(({ tokens, text }) => (
            <option key={tokens} value={tokens}>
              {text}
            </option>
          ))}
        </select>
      </label>
    </p>
  )
}
