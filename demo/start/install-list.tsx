import { signal } from '@preact/signals'
import { CopyLine } from '../copy-line.tsx'
import { INSTALLS, type Install } from './installs.ts'
import { isOnThisMachine } from './place.ts'
import { SYSTEMS, systemOf } from './system.ts'

const system = signal(systemOf(navigator.userAgent))

/** How to get a model server: the lines to copy, for one operating system at a time. */
export function InstallList({ isOpen }: { isOpen: boolean }) {
  return (
    <section class="card" aria-labelledby="get-title">
      <div class="card-head">
        <h3 id="get-title">{isOpen ? 'Get a model server' : 'Get another model server'}</h3>
        <fieldset class="segments">
          <legend class="hidden">Operating system</legend>
          {SYSTEMS.map(([name, title]) => (
            <label key={name}>
              <input
                type="radio"
                name="system"
                checked={system.value === name}
                onChange={() => {
                  system.value = name
                }}
              />
              {title}
            </label>
          ))}
        </fieldset>
      </div>
      <p class="weak">
        {isOnThisMachine()
          ? 'Type these lines'
          : 'Type these lines on the machine that runs sluice,'}{' '}
        in {system.value === 'windows' ? 'PowerShell' : 'a terminal'}. sluice finds the server by
        itself, within 10 seconds, and it appears above.
      </p>
      {INSTALLS.map((each, index) => (
        <Entry key={each.title} entry={each} isOpen={isOpen && index === 0} />
      ))}
    </section>
  )
}

function Entry({ entry, isOpen }: { entry: Install; isOpen: boolean }) {
  const { title, port, about, notes, install, serve } = entry
  const note = notes?.[system.value]
  return (
    <details class="install" name="install" open={isOpen}>
      <summary>
        <strong>{title}</strong> <span>{about}</span>
      </summary>
      <ol>
        <li>
          Install it{note !== undefined && <span class="weak"> · {note}</span>}
          <CopyLine text={install[system.value]} />
        </li>
        <li>
          {serve.length > 1
            ? 'Get a model and serve it'
            : title === 'Ollama'
              ? 'Get a model'
              : 'Serve a model'}
          {serve.map((line) => (
            <CopyLine key={line} text={line} />
          ))}
        </li>
      </ol>
      <p class="weak">sluice looks for it at port {port}.</p>
    </details>
  )
}
