import { setTimeout as sleep } from 'node:timers/promises'
import { sound } from '../../support/zoo/chat.ts'
import { type Oddity, refuse, sse, stream } from './odd-server.ts'

/** Works on one answer after the other, and on each to its end, whoever is left. */
function oneSlot(): Oddity {
  let line = Promise.resolve()
  return async (_request, response, asked) => {
    if (asked?.max_tokens !== 4_000 && !asked?.stream) return false
    if (asked.model !== 'zoo' || !Array.isArray(asked.messages)) return false
    if (asked.tools || asked.response_format) return false
    const isLong = asked.max_tokens === 4_000
    const mine = line.then(async () => {
      if (!isLong) return stream(response, asked)
      response.writeHead(200, sse)
      for (let word = 0; word < 30; word++) {
        if (!response.destroyed) response.write(sound[1] ?? '')
        await sleep(60)
      }
    })
    line = mine.catch(() => {})
    await mine
    return true
  }
}

export const oddities: [string, Oddity][] = [
  [
    'whole-shape',
    (_request, response, asked) => {
      if (asked?.stream || !Array.isArray(asked?.messages)) return false
      response.writeHead(200, sse).end(sound.join(''))
      return true
    },
  ],
  [
    'error-model',
    async (_request, response, asked) => {
      if (asked?.model !== 'no-such-model-here') return false
      const echoed = sound.map((frame) =>
        frame.replace('"model":"zoo"', `"model":"${asked.model}"`),
      )
      await stream(response, asked, echoed)
      return true
    },
  ],
  [
    'error-json',
    ({ method }, response, asked) => {
      if (asked !== undefined || method !== 'POST') return false
      refuse(response, 500)
      return true
    },
  ],
  [
    'error-field',
    (_request, response, asked) => {
      if (typeof asked?.messages !== 'string') return false
      refuse(response, 500)
      return true
    },
  ],
  [
    'error-shape',
    ({ method }, response, asked) => {
      if (asked !== undefined || method !== 'POST') return false
      refuse(response, 400, 'Bad request')
      return true
    },
  ],
  ['cancel-ignored', oneSlot()],
  [
    'cors-preflight',
    ({ method }, response) => {
      if (method !== 'OPTIONS') return false
      refuse(response, 401)
      return true
    },
  ],
  [
    'cors-answer',
    ({ method }, response) => {
      if (method !== 'OPTIONS') response.removeHeader('access-control-allow-origin')
      return false
    },
  ],
]
