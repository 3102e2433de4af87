import { createServer, type RequestListener } from 'node:http'
import { toNodeHandler } from 'srvx/node'
import { rawFetch } from './raw-fetch.ts'

const [port = '', upstream = ''] = process.argv.slice(2)
createServer(toNodeHandler(rawFetch(upstream)) as RequestListener).listen(Number(port), '127.0.0.1')
