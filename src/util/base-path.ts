/**
 * A path without the prefix that it is below; itself where it is not, or where there is no prefix.
 *
 * @example
 * belowBase('/ai/v1/models', '/ai') // '/v1/models'
 */
export function belowBase(path: string, base = ''): string {
  if (path === base) return '/'
  return path.startsWith(`${base}/`) ? path.slice(base.length) : path
}
