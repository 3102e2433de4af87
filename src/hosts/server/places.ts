/** Whether this runs from a checkout; otherwise from a package, where the sources are compiled. */
export const isCheckout: boolean = import.meta.url.endsWith('.ts')

/**
 * The folder of the checkout or of the package. A host is started from a checkout as one file, in
 * which every source has the URL of the entry, `src/hosts/node.ts`: what is counted from a source's
 * own folder would be found in one of the two only.
 */
const root = import.meta.url.replace(/^(.*\/)(?:src|dist)\/hosts\/.*$/, '$1')

/** Where a file or folder lies, by its path below the checkout or the package. */
export function placeOf(path: string): URL {
  return new URL(path, root)
}
