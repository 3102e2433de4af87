import type { Files } from '../../platform/files.ts'

/** The folder of the page within the program, as scripts/binary.mjs names it. */
const FOLDER = 'page/'

/** The page's files from the running program itself. */
export function embeddedFiles(): Files {
  let embedded: Map<string, Blob> | undefined
  return async (name) => {
    embedded ??= new Map(Bun.embeddedFiles.map((file) => [nameOf(file), file]))
    return embedded.get(FOLDER + name)?.bytes()
  }
}

/** Bun's types do not declare the name of an embedded file. Windows has its own separators. */
function nameOf(file: Blob & { name?: string }): string {
  return (file.name ?? '').replaceAll('\\', '/')
}
