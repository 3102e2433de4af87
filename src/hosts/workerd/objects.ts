/** The Durable Objects of the worker, as workerd is told of them. */
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { SettingsError } from '../../settings/error.ts'
import type { Settings } from '../../settings/settings.ts'
import { type FolderLock, lockFolder } from './folder-lock.ts'
import { cannotWrite, deleteEmpty, exposureWarning, openFolder } from './state-folder.ts'

/** The classes by their bindings, as in wrangler.toml. */
const CLASSES = {
  STREAM_RUNS: 'StreamRun',
  KEY_LIMITS: 'KeyLimits',
  STORED_RESPONSES: 'StoredResponses',
  TABS: 'BrowserTabs',
} as const

export interface ObjectsConfig {
  /** Bindings of the worker, and further fields of it. */
  bindings: string
  fields: string
  /** Services beside it. */
  services: string
  /** What the user should know of the folder. */
  warnings: string[]
  /** Tells of the process that uses the folder, which may outlive this one. */
  usedBy(pid: number): void
}

/**
 * What `config.capnp` says of objects. Streams that can be resumed always run in objects, which cost nothing
 * while nobody asks for one; their rows lie in the `temporary` folder, since workerd has no SQL in memory. One
 * process has all limits and responses in its memory, where they are faster: they are in objects, in a folder
 * that stays, only where `state` says so. Tabs have theirs where they are wanted. Throws a `SettingsError`.
 */
export function objectsConfig(settings: Settings, temporary: string): ObjectsConfig {
  const { state, stateFolder, tabs } = settings
  const isKept = state !== undefined
  const bindings = Object.entries(CLASSES).filter(([name]) => {
    return name === 'TABS' ? tabs : isKept || name === 'STREAM_RUNS'
  })
  const folder = openFolder(isKept ? (stateFolder ?? defaultFolder()) : join(temporary, 'objects'))
  const warning = isKept ? exposureWarning(folder) : undefined
  const lock = isKept ? takeFolder(folder) : undefined
  const classes = bindings.map(
    ([, name]) => `(className = "${name}", uniqueKey = "sluice-${name}", enableSql = true)`,
  )
  return {
    bindings: bindings
      .map(([name, className]) => `(name = "${name}", durableObjectNamespace = "${className}"),`)
      .join('\n        '),
    fields: `durableObjectNamespaces = [${classes.join(', ')}],
      durableObjectStorage = (localDisk = "objects"),`,
    services: `(name = "objects", disk = (path = ${JSON.stringify(folder)}, writable = true)),`,
    warnings: warning === undefined ? [] : [warning],
    usedBy: (pid) => lock?.add(pid),
  }
}

/** Takes a folder that stays for this process, until it exits, and tidies it up. */
function takeFolder(folder: string): FolderLock {
  try {
    const lock = lockFolder(folder)
    process.on('exit', lock.release)
    deleteEmpty(folder)
    return lock
  } catch (error) {
    throw error instanceof SettingsError ? error : cannotWrite(folder, error)
  }
}

/** Where programs keep their state. Source: XDG Base Directory Specification. */
function defaultFolder(): string {
  const given = process.env.XDG_STATE_HOME ?? ''
  const state = isAbsolute(given) ? given : join(homedir(), '.local', 'state')
  return join(state, 'sluice', 'objects')
}
