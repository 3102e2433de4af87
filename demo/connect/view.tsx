import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { useFound } from '../start/found.ts'
import { hashOf, item, openView } from '../views.ts'
import { Client } from './client.tsx'
import type { ClientPage } from './client-page.ts'
import { clients, loadClients, searched } from './client-pages.ts'
import { OwnValues } from './own-values.tsx'
import { isKeyShown } from './values.ts'

const search = signal('')

const GROUPS = [
  ['Agents and tools', false],
  ['SDKs and the command line', true],
] as const

/** For each client the lines that connect it, filled in. */
export function ConnectView() {
  useFound()
  useEffect(() => {
    void loadClients()
    // Whoever comes back asks for it again.
    return () => {
      isKeyShown.value = false
    }
  }, [])
  const now = clients.value
  return (
    <main class="view connect" aria-label="Connect">
      <div class="connect-page">
        <h2>Connect your client</h2>
        <p class="weak">
          Any program that speaks the OpenAI, Anthropic or Ollama API works with this address. These
          are the exact lines for some.
        </p>
        <OwnValues />
        {now.state === 'loading' && <p class="weak">Loading the clients…</p>}
        {now.state === 'failed' && (
          <p role="alert">
            The lines could not be loaded.{' '}
            <button type="button" class="quiet" onClick={() => void loadClients()}>
              Try again
            </button>
          </p>
        )}
        {now.state === 'ready' && <Clients all={now.all} />}
      </div>
    </main>
  )
}

function Clients({ all }: { all: readonly ClientPage[] }) {
  const chosen = all.find(({ name }) => name === item.value) ?? all[0]
  if (chosen === undefined) return null
  return (
    <div class="connect-columns">
      <List all={all} chosen={chosen.name} />
      <Client key={chosen.name} client={chosen} />
    </div>
  )
}

function List({ all, chosen }: { all: readonly ClientPage[]; chosen: string }) {
  const shown = searched(all, search.value)
  return (
    <nav class="clients" aria-label="Clients">
      <label class="client-select">
        Client
        <select value={chosen} onChange={(event) => openView('connect', event.currentTarget.value)}>
          {GROUPS.map(([title, isSdk]) => (
            <optgroup key={title} label={title}>
              {all.filter(isOf(isSdk)).map(({ name, title }) => (
                <option key={name} value={name}>
                  {title}
                </option>
              ))}
            </optgroup>
          ))}
        </select>
      </label>
      <div class="client-list">
        <input
          type="search"
          placeholder="Search clients"
          aria-label="Search clients"
          value={search.value}
          onInput={(event) => {
            search.value = event.currentTarget.value
          }}
          onKeyDown={({ key }) => {
            if (key === 'Enter' && shown[0]) openView('connect', shown[0].name)
          }}
        />
        <p class="hidden" role="status">
          {search.value === '' ? '' : `${shown.length} of ${all.length} clients`}
        </p>
        {shown.length === 0 && (
          <p class="weak">
            No client matches.{' '}
            <a href={hashOf('connect', 'environment-variables')}>Environment variables</a> work for
            most programs.
          </p>
        )}
        {GROUPS.map(([title, isSdk]) => (
          <Group key={title} title={title} list={shown.filter(isOf(isSdk))} chosen={chosen} />
        ))}
      </div>
    </nav>
  )
}

function isOf(isSdk: boolean) {
  return (client: ClientPage) => (client.isSdk ?? false) === isSdk
}

function Group({ title, list, chosen }: { title: string; list: ClientPage[]; chosen: string }) {
  if (list.length === 0) return null
  return (
    <>
      <h3>{title}</h3>
      <ul>
        {list.map(({ name, title }) => (
          <li key={name}>
            <a href={hashOf('connect', name)} aria-current={name === chosen ? 'true' : undefined}>
              {title}
            </a>
          </li>
        ))}
      </ul>
    </>
  )
}
