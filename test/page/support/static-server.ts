// A web server that knows nothing but files, as any static host is.

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.md': 'text/markdown; charset=utf-8',
}

/** Serves a folder below a path, so that nothing may rely on lying at the root. */
export async function serveFolder(folder: string, base = '/demo/') {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x')
    const path = pathname.startsWith(base) ? pathname.slice(base.length) : 'of another site'
    const name = path.replace(/(^|\/)$/, '$1index.html')
    try {
      const bytes = await readFile(join(folder, name))
      response.writeHead(200, {
        'content-type': types[extname(name)] ?? 'application/octet-stream',
      })
      response.end(bytes)
    } catch {
      const page = await readFile(join(folder, '404.html')).catch(() => '<h1>Not found</h1>')
      response.writeHead(404, { 'content-type': 'text/html' }).end(page)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}${base}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
