import {
  filter,
  isFiltered,
  listCount,
  setFilter,
  shownEnded,
  shownRunning,
  withLists,
} from './filters.ts'
import { ended, queue, running } from './store.ts'
import { OUTCOME_WORDS, STATE_WORDS } from './words.ts'

export function Toolbar() {
  const { text, which, failuresOnly } = filter.value
  return (
    <search class="toolbar">
      <input
        type="search"
        aria-label="Filter requests"
        placeholder="Filter: model, engine, key, client, code"
        value={text}
        onInput={(event) => setFilter({ text: event.currentTarget.value })}
      />
      <select
        aria-label="State or outcome"
        value={which}
        onChange={(event) => setFilter({ which: event.currentTarget.value })}
      >
        <option value="">Every state</option>
        <Choices title="Running" words={STATE_WORDS} />
        <Choices title="Ended" words={OUTCOME_WORDS} />
      </select>
      <label class="check">
        <input
          type="checkbox"
          checked={failuresOnly}
          onChange={(event) => setFilter({ failuresOnly: event.currentTarget.checked })}
        />
        Failures only
      </label>
      {listCount.value > 0 && (
        <label class="check" title="Requests for the list of models and the like">
          <input
            type="checkbox"
            checked={withLists.value}
            onChange={(event) => {
              withLists.value = event.currentTarget.checked
            }}
          />
          Lists ({listCount.value})
        </label>
      )}
      <Counts />
    </search>
  )
}

function Choices({ title, words }: { title: string; words: Record<string, string> }) {
  return (
    <optgroup label={title}>
      {Object.entries(words).map(([value, word]) => (
        <option key={value} value={value}>
          {word}
        </option>
      ))}
    </optgroup>
  )
}

function Counts() {
  const left = withLists.value ? 0 : listCount.value
  const all = running.value.length + ended.value.length - left
  const shown = shownRunning.value.length + shownEnded.value.length
  const facts = [
    isFiltered.value ? `${shown} of ${all}` : `${shownRunning.value.length} running`,
    queue.value && `${queue.value.waiting} of at most ${queue.value.limit} waiting`,
  ]
  return <p class="weak counts">{facts.filter(Boolean).join(' · ')}</p>
}
