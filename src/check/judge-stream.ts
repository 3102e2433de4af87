import type { Recording } from '../recording/recording.ts'
import { dialectOf } from './dialects.ts'
import { Findings } from './findings.ts'
import { judgeArrival } from './judges/arrival.ts'
import { judgeFraming } from './judges/framing.ts'
import { judgeHeaders } from './judges/headers.ts'
import type { Finding } from './rule.ts'
import type { RuleName } from './rules.ts'
import { wireOf } from './wire.ts'

/** Judges one recorded stream, of whichever API, by every rule that it can show a breach of. */
export function judgeStream(recording: Recording): Finding<RuleName>[] {
  const body = wireOf(recording)
  const dialect = dialectOf(recording)
  const findings = new Findings(dialect.name, body)
  judgeHeaders(recording, findings)
  // A page or a whole answer is no stream: what else it breaks says nothing.
  if (findings.has('content-type') && !body.events.some(({ data }) => data !== undefined)) {
    return findings.all
  }
  const said = judgeFraming(body, findings)
  judgeArrival(recording, said, findings)
  dialect.judge(recording, said, findings)
  return findings.all
}
