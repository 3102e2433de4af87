/**
 * Where sluice's own files are. This file must stay in `src/hosts/`, beside the entries: bundling
 * replaces every `import.meta.url` with the URL of the entry.
 */

/** Whether sluice runs from its sources, which JSR delivers as well, and not from a built package. */
const isSource = import.meta.url.endsWith('.ts')

/** Whether it runs from a checkout, where the scripts that build the page are. */
export const isCheckout = isSource && import.meta.url.startsWith('file:')

/**
 * A module of `src`, by its path without the extension.
 *
 * @example
 * await import(moduleUrl('hosts/server/tool').href)
 */
export function moduleUrl(path: string): URL {
  return new URL(`../${path}${isSource ? '.ts' : '.js'}`, import.meta.url)
}

/** A worker's module, by its name: in `worker/`, beside `src/` in a checkout and within a package. */
export function workerUrl(name: string): URL {
  const path = isSource ? `../../worker/${name}.ts` : `../worker/${name}.js`
  return new URL(path, import.meta.url)
}

/** The script that makes the OpenAPI description in a checkout; a package holds the files it made. */
export const openapiScript = new URL('../../scripts/openapi/main.ts', import.meta.url)

/**
 * Where the page's files are: beside the build in a package. In a checkout `npm run build` makes most
 * of them. The sources come first, so that an older build's copy of a file is not served instead.
 */
export const pageFolders: readonly URL[] = (
  isCheckout ? ['../../demo/public/', '../../dist/page/'] : ['../page/']
).map((path) => new URL(path, import.meta.url))
