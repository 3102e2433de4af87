import { useState } from 'preact/hooks'
import { authorization } from '../api.ts'

/** The last lines that a managed server wrote. They are asked for when they are opened, and not before. */
export function Output({ label }: { label: string }) {
  const [text, setText] = useState<string | undefined>(undefined)
  const load = () => {
    setText('Loading…')
    void lastOutput(label).then(setText)
  }
  return (
    <details
      onToggle={(event) => {
        if (event.currentTarget.open) load()
      }}
    >
      <summary>Its last output</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls by keyboard */}
      <pre tabIndex={0}>{text}</pre>
      <button type="button" class="quiet" onClick={load}>
        Read again
      </button>
    </details>
  )
}

interface Health {
  engines?: { engine: string; process?: { output?: string[] } }[]
}

async function lastOutput(label: string): Promise<string> {
  try {
    const url = new URL('./health', document.baseURI)
    const response = await fetch(url, { headers: authorization(), cache: 'no-store' })
    const { engines = [] } = (await response.json()) as Health
    const lines = engines.find(({ engine }) => engine === label)?.process?.output ?? []
    return lines.length > 0 ? lines.join('\n') : 'It has written nothing.'
  } catch {
    return 'The server does not answer; try again.'
  }
}
