import type { RecordedRequest } from './upstream.ts'

type Matches = (request: RecordedRequest) => boolean

const isChat: Matches = (request) => request.path.endsWith('/chat/completions')

export function requestLog() {
  const requests: RecordedRequest[] = []
  const handedOut = new WeakSet<RecordedRequest>()
  const waiting = new Set<{ matches: Matches; give: (request: RecordedRequest) => void }>()

  const add = (record: RecordedRequest) => {
    requests.push(record)
    for (const wish of waiting) {
      if (!wish.matches(record)) continue
      waiting.delete(wish)
      handedOut.add(record)
      return wish.give(record)
    }
  }
  const next = (matches: Matches = isChat, ms = 5_000): Promise<RecordedRequest> => {
    const found = requests.find((request) => !handedOut.has(request) && matches(request))
    if (found) {
      handedOut.add(found)
      return Promise.resolve(found)
    }
    const wait = Promise.withResolvers<RecordedRequest>()
    const wish = { matches, give: wait.resolve }
    waiting.add(wish)
    const told = `No such request within ${ms} ms; ${requests.length} came in all.`
    return withTimeout(wait.promise, ms, told).finally(() => waiting.delete(wish))
  }
  return { requests, add, next }
}

export function withTimeout<T>(promise: Promise<T>, ms: number, message: string): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(message)), ms)
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer))
}
