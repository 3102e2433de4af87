/** Other programs on this machine: where they are, and what they print. */
import { execFile } from 'node:child_process'
import { access, constants, realpath } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

type Variables = Readonly<Record<string, string | undefined>>

/** The folders in which programs are looked for. */
function foldersOf({ PATH = '', Path = '' }: Variables): string[] {
  return [...new Set((PATH || Path).split(delimiter).filter((folder) => folder !== ''))]
}

/** The files of this name on the path, each once, with what links to it first. */
export async function findPrograms(name: string, env: Variables): Promise<string[]> {
  const names = process.platform === 'win32' ? [`${name}.exe`, `${name}.cmd`] : [name]
  const paths = foldersOf(env).flatMap((folder) => names.map((each) => join(folder, each)))
  const found = await Promise.all(
    paths.map(async (path) => {
      try {
        await access(path, constants.X_OK)
        return [await realpath(path), path] as const
      } catch {
        return undefined
      }
    }),
  )
  const first = new Map<string, string>()
  for (const each of found) if (each && !first.has(each[0])) first.set(each[0], each[1])
  return [...first.values()]
}

/** What a program prints; undefined where there is none, it may not be run, or it fails. */
export function outputOf(
  file: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    try {
      const options = { signal, maxBuffer: 4 * 1024 * 1024, windowsHide: true }
      execFile(file, [...args], options, (error, stdout) => resolve(error ? undefined : stdout))
    } catch {
      // Deno throws where it may not run programs.
      resolve(undefined)
    }
  })
}
