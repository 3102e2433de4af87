/**
 * Where sluice's own files are. This file stays in `src/hosts/`, beside the entries: a program that is
 * bundled as one file has the URL of its entry in place of every `import.meta.url`.
 */

/** Whether it runs from a checkout, not from a built package. */
export const isCheckout = import.meta.url.endsWith('.ts')

/**
 * A module of `src`, by its path without the extension.
 *
 * @example
 * await import(moduleUrl('hosts/server/tool').href)
 */
export function moduleUrl(path: string): URL {
  return new URL(`../${path}${isCheckout ? '.ts' : '.js'}`, import.meta.url)
}

/** A worker's module, by its name: in `worker/`, beside `src/` in a checkout and within a package. */
export function workerUrl(name: string): URL {
  const path = isCheckout ? `../../worker/${name}.ts` : `../worker/${name}.js`
  return new URL(path, import.meta.url)
}

/** The script that makes the API's description in a checkout; a package holds what it made. */
export const openapiScript = new URL('../../scripts/openapi/main.ts', import.meta.url)

/**
 * Where the page's files are: beside the build in a package. In a checkout `npm run build` makes most
 * of them; a file that is served as it is there takes precedence over the copy in an older build.
 */
export const pageFolders: readonly URL[] = (
  isCheckout ? ['../../demo/public/', '../../dist/page/'] : ['../page/']
).map((path) => new URL(path, import.meta.url))
