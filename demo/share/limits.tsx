import { choice, choose } from './choice.ts'

const LIMITS = [512, 1_024, 4_096, 16_384, 0]

/** What an owner allows. */
export function Limits() {
  return (
    <section class="card" aria-labelledby="share-limits">
      <h3 id="share-limits">Limit</h3>
      <label>
        The most tokens of an answer
        <select
          value={String(choice.value.maxTokens)}
          onChange={(event) => choose({ maxTokens: Number(event.currentTarget.value) })}
        >
          {LIMITS.map((limit) => (
            <option key={limit} value={String(limit)}>
              {limit === 0 ? 'No limit' : limit.toLocaleString('en-US')}
            </option>
          ))}
        </select>
      </label>
      <p class="weak">
        A longer answer ends there. One request is answered at a time, those of your chat included.
      </p>
    </section>
  )
}
