import { allSplits, bytesOf, packetsOf } from '../bytes.ts'
import { requireEqual, requireThat, shown } from '../equal.ts'
import { target } from '../target.ts'
import type { Answer } from './answer.ts'
import { differences } from './differences.ts'
import { type HttpInput, httpInput } from './generate.ts'
import { readByLlhttp } from './llhttp.ts'
import { readBySluice } from './sluice.ts'

export const http = target({
  name: 'http',
  about:
    'the HTTP/1.1 client (socketFetch of src/transport/http1, over a socket in memory) against llhttp',
  short: 2_000,
  input: httpInput,
  check: checkHttp,
})

async function checkHttp({ answer, cuts, everySplit, closing }: HttpInput): Promise<void> {
  const bytes = () => bytesOf(answer)
  const ours = await readBySluice([bytes()], closing)
  compare(answer, ours, readByLlhttp(bytes(), closing))
  const splits = everySplit ? allSplits(bytes()) : [packetsOf(bytes(), cuts)]
  for (const packets of splits) {
    const lengths = packets.map(({ length }) => length)
    const split = await readBySluice(packets, closing)
    requireEqual(visible(split), visible(ours), `in packets of ${lengths} bytes`)
  }
}

function compare(answer: string, ours: Answer, theirs: Answer): void {
  // How much of a body was read before it turned out to be wrong is of no consequence.
  const isSame = shown(visible(ours)) === shown(visible(theirs))
  if (isSame || differences.some(({ explains }) => explains(ours, theirs, answer))) return
  requireThat(false, `sluice: ${shown(ours)}\nllhttp: ${shown(theirs)}`)
}

/** What a caller can rely on: the body of an answer that was cut off may be shorter. */
function visible(answer: Answer) {
  const { verdict, status, headers, body, isReusable } = answer
  const sorted = Object.entries(headers).sort(([one], [other]) => (one < other ? -1 : 1))
  return { verdict, status, headers: sorted, isReusable, body: verdict === 'complete' ? body : '' }
}
