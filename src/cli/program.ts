/** How the user calls sluice here: messages and remedies name commands that can be copied as they are. */

/** What tells how sluice was started. */
export interface StartedAs {
  /** The address of a module of sluice. */
  location: string
  isCheckout: boolean
  env?: Readonly<Record<string, string | undefined>>
}

/** The folders into which programs install a package to run it once, and how each is called. */
const ONCE: readonly (readonly [RegExp, string])[] = [
  [/\/_npx\//, 'npx @sluice/sluice'],
  [/\/bunx-[^/]*\//, 'bunx @sluice/sluice'],
  [/\/dlx(?:-[^/]*)?\//, 'pnpm dlx @sluice/sluice'],
  [/\/npm\/[^/]+\/@sluice\/sluice\/\d/, 'deno run -A npm:@sluice/sluice'],
]

/** `npm start --`, `npx @sluice/sluice`, `sluice`: what comes before the flags and the names of tools. */
export function programOf({ location, isCheckout, env = {} }: StartedAs): string {
  if (isCheckout) {
    const { npm_lifecycle_event: script = 'start' } = env
    return /^start:\w+$/.test(script) ? `npm run ${script} --` : 'npm start --'
  }
  const path = location.replaceAll('\\', '/')
  const once = ONCE.find(([folder]) => folder.test(path))?.[1]
  if (once !== undefined) return once
  const isGlobal = /\/lib\/node_modules\/|\/\.bun\/install\/global\//.test(path)
  return path.includes('/node_modules/') && !isGlobal ? 'npx sluice' : 'sluice'
}

/** A command of sluice in a text: in quotes or marks of code, or alone. */
const COMMAND = /(^|["`(])sluice (?=(?:chat|check|doctor|key|pair|record|replay|schema|top)\b)/g

/** A text whose commands of sluice are those that the user types. */
export function asCalled(text: string, program: string): string {
  return text.replace(COMMAND, (_, before: string) => `${before}${program} `)
}
