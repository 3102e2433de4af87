import { useState } from 'preact/hooks'
import { CopyButton } from '../copy-button.tsx'
import { CopyLine } from '../copy-line.tsx'
import { systemOf } from '../start/system.ts'
import type { BlockPart, ClientPage, Part } from './client-page.ts'
import { apiTitle } from './client-pages.ts'
import { fill } from './fill.ts'
import { Inline } from './inline.tsx'
import { valuesFor } from './values.ts'

const isWindows = systemOf(navigator.userAgent) === 'windows'

/** One client, with its lines filled in. */
export function Client({ client }: { client: ClientPage }) {
  const { title, intro, install, advice, apis, tested, parts } = client
  const [api, setApi] = useState(apis[0] ?? '')
  const shown = parts.filter((each) => each.apis.length === 0 || each.apis.includes(api))
  const hasVariables = shown.some((part) => part.kind === 'block' && part.text.includes('export '))
  return (
    <article class="client" aria-labelledby="client-title">
      <h3 id="client-title">{title}</h3>
      {intro !== '' && (
        <p>
          <Inline text={intro} />
        </p>
      )}
      {tested && (
        <p class="weak">
          Version {tested.version} was tested with sluice on {tested.date}.
        </p>
      )}
      {apis.length > 1 ? (
        <Apis apis={apis} api={api} onChoose={setApi} />
      ) : (
        api !== '' && <p class="weak">API: {apiTitle(api)}</p>
      )}
      {install !== undefined && (
        <>
          <h4>Install it</h4>
          <CopyLine text={install} />
        </>
      )}
      {advice !== undefined && <p class="weak">{advice}</p>}
      {shown.map((part) => (
        <Shown key={`${part.kind} ${'text' in part ? part.text : part.items[0]}`} part={part} />
      ))}
      {isWindows && hasVariables && (
        <p class="weak">
          In PowerShell, write <code>$env:NAME = 'value'</code> in place of{' '}
          <code>export NAME=value</code>.
        </p>
      )}
    </article>
  )
}

function Apis({
  apis,
  api,
  onChoose,
}: {
  apis: readonly string[]
  api: string
  onChoose: (api: string) => void
}) {
  return (
    <fieldset class="segments">
      <legend>API</legend>
      {apis.map((id) => (
        <label key={id}>
          <input type="radio" name="api" checked={id === api} onChange={() => onChoose(id)} />
          {apiTitle(id)}
        </label>
      ))}
    </fieldset>
  )
}

function Shown({ part }: { part: Part }) {
  const values = valuesFor('shown')
  if (part.kind === 'heading') return <h4>{part.text}</h4>
  if (part.kind === 'text') {
    return (
      <p>
        <Inline text={fill(part.text, values)} />
      </p>
    )
  }
  if (part.kind === 'block') return <Lines block={part} />
  return (
    <ul class="client-notes">
      {part.items.map((item) => (
        <li key={item}>
          <Inline text={fill(item, values)} />
        </li>
      ))}
    </ul>
  )
}

/** Lines to copy: they are copied with the key, whether or not it is shown. */
function Lines({ block: { use, path, text } }: { block: BlockPart }) {
  const caption = use === 'file' ? path : 'Terminal'
  return (
    <figure class="lines">
      <figcaption>
        <span>{caption}</span>
        <CopyButton
          text={() => fill(text, valuesFor('copied'))}
          name={use === 'file' ? path : `the lines for the terminal: ${text.split('\n')[0]}`}
        />
      </figcaption>
      <pre>
        <code>{fill(text, valuesFor('shown')).trimEnd()}</code>
      </pre>
    </figure>
  )
}
