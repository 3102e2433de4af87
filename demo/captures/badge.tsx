import { useFeed } from '../activity/feed.ts'
import { rule } from './captures-state.ts'
import { ruleText } from './rule-text.ts'

/** In the header of every view while prompts and answers are kept. */
export function CaptureBadge() {
  if (rule.value === 'off') return null
  return <Capturing />
}

function Capturing() {
  // So that it goes away when another one switches capturing off.
  useFeed()
  return (
    <a class="capture-badge" href="#captures" title="Prompts and answers are kept">
      <span class="capture-dot" aria-hidden="true" />
      <span class="capture-text">
        Capturing
        <span class="capture-what"> · prompts and answers are kept · {ruleText(rule.value)}</span>
      </span>
    </a>
  )
}
