// A registry that has this package alone, as if it were published: npm, Bun and Deno ask it for the
// scope, and the registry that they are configured with for all else.

import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'

/** Serves a packed package, whose package.json is `description`. */
export async function startRegistry(
  tarball: string,
  description: { name: string; version: string },
) {
  const packed = await readFile(tarball)
  const hash = (algorithm: string) => createHash(algorithm).update(packed)
  const { name, version } = description
  const [scope] = name.split('/')
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '')
    if (path === `/${name}`) {
      const dist = {
        tarball: `${address()}/${name}/-/${basename(tarball)}`,
        integrity: `sha512-${hash('sha512').digest('base64')}`,
        shasum: hash('sha1').digest('hex'),
      }
      response.setHeader('content-type', 'application/json')
      response.end(
        JSON.stringify({
          name,
          'dist-tags': { latest: version },
          versions: { [version]: { ...description, dist } },
        }),
      )
    } else if (path.endsWith('.tgz')) response.end(packed)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    /** Makes programs that are started in that folder ask this registry for the package. */
    useIn: (folder: string) =>
      writeFile(join(folder, '.npmrc'), `${scope}:registry=${address()}/\n`),
    close: () => server.close(),
  }
}
