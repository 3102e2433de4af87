/** Where a client runs: a home and a project of its own, and nothing of the user's. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { binaryOf } from '../../scripts/hosts.mjs'
import { FOLDER } from './install.ts'
import type { Block, Values } from './page.ts'
import { withValues } from './page.ts'

export interface Place {
  home: string
  /** The project that the client works on; it holds note.txt and note2.txt. */
  project: string
  env: Record<string, string>
}

/** What many programs look for before they call home, colour their output or ask questions. */
const QUIET = {
  CI: '1',
  DO_NOT_TRACK: '1',
  DISABLE_TELEMETRY: '1',
  DISABLE_AUTOUPDATER: '1',
  NO_UPDATE_NOTIFIER: '1',
  OTEL_SDK_DISABLED: 'true',
  NO_COLOR: '1',
  TERM: 'dumb',
}

/** An empty home and a new project. `notes` are the texts of note.txt and note2.txt. */
export function makePlace(client: string, name: string, notes: [string, string]): Place {
  const home = join(FOLDER, 'homes', name)
  rmSync(home, { recursive: true, force: true })
  mkdirSync(home, { recursive: true })
  // Not below the checkout: clients look for a repository around the folder that they work in.
  const project = mkdtempSync(join(tmpdir(), 'field-project-'))
  writeFileSync(join(project, 'note.txt'), `${notes[0]}\n`)
  writeFileSync(join(project, 'note2.txt'), `${notes[1]}\n`)
  const modules = join(FOLDER, 'clients', client, 'node_modules')
  // For clients that are libraries, which the page's script imports.
  symlinkSync(modules, join(project, 'node_modules'))
  return { home, project, env: environment(home, modules) }
}

/** Removes the project and, unless it may explain a failure, the home: some hold 100 MB. */
export function removePlace({ project, home }: Place, keepsHome: boolean): void {
  rmSync(project, { recursive: true, force: true })
  // A process of the client may still be writing.
  if (!keepsHome) rmSync(home, { recursive: true, force: true, maxRetries: 3 })
}

function environment(home: string, modules: string): Record<string, string> {
  const temporary = join(home, 'tmp')
  mkdirSync(temporary, { recursive: true })
  const path = [
    join(modules, '.bin'),
    dirname(binaryOf('node')),
    '/usr/local/bin',
    '/usr/bin',
    '/bin',
  ]
  return {
    ...QUIET,
    LANG: process.env.LANG ?? 'C.UTF-8',
    PATH: path.join(':'),
    HOME: home,
    USERPROFILE: home,
    APPDATA: join(home, 'AppData/Roaming'),
    LOCALAPPDATA: join(home, 'AppData/Local'),
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_DATA_HOME: join(home, '.local/share'),
    XDG_CACHE_HOME: join(home, '.cache'),
    XDG_STATE_HOME: join(home, '.local/state'),
    TMPDIR: temporary,
  }
}

/** Writes the files of a page, with the user's values. */
export function writeFiles(blocks: Block[], { home, project }: Place, values: Values): void {
  for (const { kind, path, text } of blocks) {
    if (kind !== 'file') continue
    const file = path.startsWith('~/') ? join(home, path.slice(2)) : join(project, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, withValues(text, values))
  }
}
